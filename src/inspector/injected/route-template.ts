/**
 * `/users/17/photo?q=1` is `/users/{id}/photo`: a segment of digits, of many hexadecimal ones, a long one, or one with a sign
 * that names seldom have. By hand and in one pass, for it runs for every request; "" for what is no text.
 */
export function routeTemplate(value: unknown): string {
  const SLASH = 47;
  if (typeof value !== "string") return "";
  let route = "";
  let taken = 0;
  let start = 0;
  let [isNumber, isHex, isOdd] = [true, true, false];
  for (let at = 0; ; at++) {
    const code = at < value.length ? value.charCodeAt(at) : 63;
    const isEnd = code === 63 || code === 35;
    if (isEnd && at > 200) return "{long}";
    if (at > 2000) return "{long}";
    if (isEnd || code === SLASH) {
      const length = at - start;
      const isId = length > 0 && (isNumber || isOdd || length > 32 || (length > 11 && isHex));
      if (isId && start > 0) {
        route += value.slice(taken, start) + "{id}";
        taken = at;
      }
      if (isEnd) return taken === 0 ? value.slice(0, at) : route + value.slice(taken, at);
      start = at + 1;
      isNumber = isHex = true;
      isOdd = false;
    } else if (code < 48 || code > 57) {
      isNumber = false;
      // a to f, in both cases.
      if ((code | 32) < 97 || (code | 32) > 102) isHex = false;
      // % ; = @
      if (code === 37 || code === 59 || code === 61 || code === 64) isOdd = true;
    }
  }
}
