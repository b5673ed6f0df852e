import { once } from "node:events";
import { WebSocket } from "ws";
import type { Fields } from "../../../fakes/slack/model.ts";
import { asFields, asText } from "../../../fakes/slack/model.ts";
import type { FakeSlack } from "../../../fakes/slack/start-slack.ts";

/** Calls a method as any program would, with a JSON body. */
export async function call(
  slack: FakeSlack,
  method: string,
  args: Fields = {},
  token = slack.botToken,
): Promise<Fields> {
  const response = await fetch(`${slack.apiUrl}${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(args),
  });
  const answer = (await response.json()) as Fields;
  return { ...answer, status: response.status, retryAfter: response.headers.get("retry-after") };
}

/** An app without the SDK: it sees every frame, and acknowledges what it is told to. */
export class RawApp {
  readonly frames: Fields[] = [];
  readonly socket: WebSocket;
  /** Acknowledges envelopes at once, with what this returns; undefined keeps silent. */
  answer: (envelope: Fields) => Fields | undefined = () => ({});

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString("utf8")) as Fields;
      this.frames.push(frame);
      const payload = frame["envelope_id"] === undefined ? undefined : this.answer(frame);
      if (payload !== undefined) {
        this.acknowledge(frame, payload);
      }
    });
    socket.on("error", () => {});
  }

  /** Connects and waits for the first frame: "hello", or "disconnect". */
  static async connect(slack: FakeSlack): Promise<RawApp> {
    const { url } = await call(slack, "apps.connections.open", {}, slack.appToken);
    const app = new RawApp(new WebSocket(String(url)));
    await once(app.socket, "message");
    return app;
  }

  acknowledge(envelope: Fields, payload: Fields = {}): void {
    this.socket.send(JSON.stringify({ envelope_id: envelope["envelope_id"], payload }));
  }

  /** The envelopes that came, without hello and disconnect. */
  get envelopes(): readonly Fields[] {
    return this.frames.filter((each) => each["envelope_id"] !== undefined);
  }

  /** The events that came, in order. */
  get events(): readonly Fields[] {
    return this.envelopes
      .map((each) => asFields(asFields(each["payload"])?.["event"]))
      .filter((each) => each !== undefined);
  }

  typeOf(index: number): string | undefined {
    return asText(this.frames[index], "type");
  }
}
