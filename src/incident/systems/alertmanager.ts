// Prometheus Alertmanager (api/v2/openapi.yaml of prometheus/alertmanager): an alert of its own for each bundle, with the
// note in its annotations. The same labels are the same alert: posting again replaces the annotations.
import { z } from "zod";
import { secretPath } from "../../host/secret-file.ts";
import type { SettingsOf } from "../../settings-incidents.ts";
import { printable } from "../../printable.ts";
import type { Note } from "../note.ts";
import { renderChat } from "../render-chat.ts";
import { renderText } from "../render-text.ts";
import type { Call } from "../site.ts";
import type { Reference, System } from "../system.ts";
import { linkTarget, markerId } from "../wording.ts";

/** How long the alert is shown; it asks nothing of anybody. */
const SHOWN_MS = 24 * 3_600_000;

const Status = z.object({ versionInfo: z.object({ version: z.string() }) }).transform(() => undefined);
const Alerts = z
  .array(z.object({ fingerprint: z.string(), annotations: z.record(z.string(), z.string()) }))
  .transform((alerts) => ({
    entries: alerts.map((alert) => ({ id: alert.fingerprint, text: alert.annotations["summary"] ?? "" })),
  }));

export function openAlertmanager({ settings, id }: Reference<SettingsOf<"alertmanager">>): System {
  const { url, user, passwordFile } = settings;
  const put = (note: Note): Call<unknown> => ({
    what: "post an alert",
    method: "POST",
    path: "/api/v2/alerts",
    json: [
      {
        labels: {
          alertname: "ExhibitBundle",
          severity: "none",
          incident: printable(id, 200),
          instance: printable(note.host, 200) || "-",
          bundle: markerId(note.captureId),
        },
        annotations: {
          summary: renderChat(note),
          description: renderText(note),
          bundle: printable(note.bundle.url, 600),
        },
        ...(linkTarget(note.bundle.url) === undefined ? {} : { generatorURL: linkTarget(note.bundle.url) }),
        endsAt: new Date(Date.now() + SHOWN_MS).toISOString(),
      },
    ],
    answer: z.unknown(),
    repeatable: true,
  });
  return {
    type: "alertmanager",
    where: `${url.replace(/\/+$/, "")}/#/alerts`,
    site: {
      url,
      headers: {},
      ...(user === undefined || passwordFile === undefined
        ? {}
        : {
            secret: {
              path: secretPath(passwordFile),
              headers: (password) => ({
                authorization: `Basic ${password === "***" ? password : Buffer.from(`${user}:${password}`).toString("base64")}`,
              }),
            },
          }),
      rights: "access to its API, and a route for severity none that calls nobody",
    },
    look: { what: "ask for its state", method: "GET", path: "/api/v2/status", answer: Status },
    list: (note) => ({
      what: "read the alerts",
      method: "GET",
      path: "/api/v2/alerts",
      query: { filter: `bundle="${markerId(note.captureId)}"` },
      answer: Alerts,
    }),
    post: put,
    edit: (_entry, note) => put(note),
  };
}
