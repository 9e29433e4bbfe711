import { hue, initials } from "../text/format.ts";

/** Initials in one of eight calm colours. Says nothing that the name beside it does not say. */
export const Avatar = ({ id, name, small }: { id: string; name: string | undefined; small?: boolean }) => (
  <span class={`avatar hue-${hue(id, 8)}${small ? " small" : ""}`} aria-hidden="true">
    {name === undefined ? "–" : initials(name)}
  </span>
);
