// How far each room was read in this browser: one ordinal per room and person. Numbers only.

export class SeenMarks {
  private readonly marks: Record<string, number>;
  private readonly key: string;

  constructor(
    person: string,
    private readonly storage: Storage,
  ) {
    this.key = `wardroom.seen.${person}`;
    this.marks = read(storage.getItem(this.key));
  }

  get(room: string): number | undefined {
    return this.marks[room];
  }

  /** Moves a mark forward; answers whether it moved. */
  set(room: string, n: number): boolean {
    if ((this.marks[room] ?? -1) >= n) return false;
    this.keep(room, n);
    return true;
  }

  /** There is no more than this to have been read: a log may lose its end. Answers whether the mark moved. */
  atMost(room: string, n: number): boolean {
    if ((this.marks[room] ?? -1) <= n) return false;
    this.keep(room, n);
    return true;
  }

  private keep(room: string, n: number): void {
    this.marks[room] = n;
    try {
      this.storage.setItem(this.key, JSON.stringify(this.marks));
    } catch {
      // No room to remember it: the badge is back after a reload, and nothing else.
    }
  }
}

function read(text: string | null): Record<string, number> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(Object.entries(value).filter(([, n]) => typeof n === "number"));
    }
  } catch {
    // Not ours any more; begin anew.
  }
  return {};
}
