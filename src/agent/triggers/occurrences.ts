// Counting what happens: so many times within a time.

export interface Occurrences {
  /** It happened `times` more: whether it is enough now. Then counting begins anew. */
  readonly add: (times: number, upMs: number) => boolean;
}

export function openOccurrences(enough: number, withinMs: number): Occurrences {
  let seen: { readonly upMs: number; readonly times: number }[] = [];
  return {
    add: (times, upMs) => {
      if (times > 0) seen.push({ upMs, times });
      seen = seen.filter((one) => upMs - one.upMs <= withinMs);
      // A log may match at every moment: no more is kept than is needed.
      if (seen.length > enough) seen = seen.slice(-enough);
      const isEnough = seen.reduce((sum, one) => sum + one.times, 0) >= enough;
      if (isEnough) seen = [];
      return isEnough;
    },
  };
}
