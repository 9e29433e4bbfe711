// A browser's storage in memory, which may be full.

export class MemoryStorage implements Storage {
  [name: string]: unknown;
  private readonly items = new Map<string, string>();
  full = false;
  get length() { return this.items.size; }
  key(at: number) { return [...this.items.keys()][at] ?? null; }
  getItem(key: string) { return this.items.get(key) ?? null; }
  setItem(key: string, value: string) {
    if (this.full) throw new Error("QuotaExceededError");
    this.items.set(key, value);
  }
  removeItem(key: string) { this.items.delete(key); }
  clear() { this.items.clear(); }
}
