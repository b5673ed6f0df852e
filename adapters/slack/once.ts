/**
 * Does the work of a key once in this process: who comes meanwhile or later shares the first one's end. What failed may
 * be tried again. The record knows the keys for good; this spares it, and people, the repetitions.
 */
export function createOnce(most: number): (key: string, work: () => Promise<void>) => Promise<void> {
  const done = new Map<string, Promise<void>>();
  return (key, work) => {
    const known = done.get(key);
    if (known !== undefined) {
      return known;
    }
    const doing = work();
    done.set(key, doing);
    doing.catch(() => done.delete(key));
    for (const oldest of done.keys()) {
      if (done.size <= most) {
        break;
      }
      done.delete(oldest);
    }
    return doing;
  };
}
