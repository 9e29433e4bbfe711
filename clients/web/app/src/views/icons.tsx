// Icons, drawn here so that nothing is fetched. Always beside a word, never instead of one.

import type { ComponentChildren } from "preact";

const Icon = ({ children, size = 16 }: { children: ComponentChildren; size?: number }) => (
  <svg class="icon" width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor"
    stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
    {children}
  </svg>
);

export const Mark = ({ size = 24 }: { size?: number }) => (
  <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8" />
    <path d="M7 9.5 11.2 22 16 12.5 20.8 22 25 9.5" />
  </svg>
);

export const IconQuestion = () => (
  <Icon size={14}><circle cx="8" cy="8" r="6.2" /><path d="M6.3 6.3a1.8 1.8 0 1 1 2.5 1.8c-.6.3-.8.6-.8 1.2M8 11.4v.1" /></Icon>
);
export const IconAnswer = () => (
  <Icon size={14}><path d="M2.5 8.6 6 12l7.5-8" /></Icon>
);
export const IconAnnouncement = () => (
  <Icon size={14}><path d="M2.5 6.5v3h2.2L10.5 13V3L4.7 6.5zM13 6.2c.7 1 .7 2.6 0 3.6" /></Icon>
);
export const IconReply = () => (
  <Icon><path d="M6.5 3.5 2.5 7.5l4 4M2.9 7.5h6.6c2.4 0 4 1.6 4 4v1" /></Icon>
);
export const IconFlag = () => (
  <Icon><path d="M4 14V2.5M4 3h8l-1.8 3L12 9H4" /></Icon>
);
export const IconPin = () => (
  <Icon size={12}><path d="M5.500 2.500h5M6.500 2.500v4L4 9h8L9.500 6.500v-4M8 9v5" /></Icon>
);
export const IconReact = () => (
  <Icon><circle cx="8" cy="8" r="5.800" /><path d="M5.600 9.400c.5 1 1.400 1.500 2.400 1.500s1.900-.5 2.400-1.500M6.200 6.200v.1M9.800 6.200v.1" /></Icon>
);
export const IconErase = () => (
  <Icon><path d="M5.5 13h8M3 9.8 9.2 3.6a1.4 1.4 0 0 1 2 0l1.7 1.7a1.4 1.4 0 0 1 0 2L7.2 13H5.4L3 10.700a.7.7 0 0 1 0-.9Z" /></Icon>
);
export const IconSend = () => (
  <Icon><path d="m2.500 8 11-5-4 11-2.300-4.700z" /></Icon>
);
export const IconBack = () => (
  <Icon><path d="M10 3 5 8l5 5" /></Icon>
);
export const IconDown = () => (
  <Icon><path d="M8 3v10M4 9l4 4 4-4" /></Icon>
);
export const IconTopics = () => (
  <Icon><path d="M3 4h10M3 8h7M3 12h5" /></Icon>
);
export const IconPeople = () => (
  <Icon><circle cx="6" cy="5.500" r="2.300" /><path d="M1.800 13c.2-2.300 1.900-3.700 4.200-3.700s4 1.400 4.200 3.700M10.300 3.400a2.300 2.300 0 0 1 0 4.200M12.200 9.800c1.200.5 1.900 1.600 2 3.200" /></Icon>
);
export const IconRooms = () => (
  <Icon><path d="M3 13V4.500L8 2.500l5 2V13M2 13h12M6.500 13V9.500h3V13" /></Icon>
);
export const IconLog = () => (
  <Icon><path d="M2.500 3.500h11v7h-6l-3 2.500v-2.500h-2z" /></Icon>
);
export const IconClose = () => (
  <Icon><path d="m4 4 8 8M12 4l-8 8" /></Icon>
);
export const IconClock = () => (
  <Icon size={12}><circle cx="8" cy="8" r="6" /><path d="M8 4.500V8l2.500 1.500" /></Icon>
);
export const IconAlert = () => (
  <Icon size={14}><path d="M8 2 14.500 13.500h-13zM8 6.500v3M8 11.600v.1" /></Icon>
);
