// The text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/). What is unknown is left
// out, never 0.

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly values: readonly {
    readonly labels?: Readonly<Record<string, string>>;
    readonly value: number | undefined;
  }[];
}

export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

export function formatMetrics(metrics: readonly Metric[]): string {
  return metrics.map(formatMetric).join("");
}

function formatMetric({ name, help, type, values }: Metric): string {
  const lines = values.flatMap(({ labels = {}, value }) => {
    if (value === undefined) return [];
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    return [`${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}\n`];
  });
  return lines.length === 0 ? "" : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}
