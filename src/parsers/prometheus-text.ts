// The text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/), as far as one number is needed.

/** A line of the metric: labels, which may hold any text in quotes, the value, and perhaps a time. */
const SAMPLE = /^([A-Za-z_:][A-Za-z0-9_:]*)(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?[ \t]+(\S{1,40})(?:[ \t]|$)/;

/** The highest value of a metric over all its labels; undefined when it is not there, or is no number. */
export function parseGauge(text: string, name: string): number | undefined {
  let highest: number | undefined;
  for (const line of text.split("\n")) {
    if (!line.startsWith(name)) continue;
    const [, found, value] = SAMPLE.exec(line) ?? [];
    const number = Number(value);
    if (found !== name || !Number.isFinite(number)) continue;
    if (highest === undefined || number > highest) highest = number;
  }
  return highest;
}
