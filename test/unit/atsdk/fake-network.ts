import { AtError, type ByteStream, type ConnectOptions, type Transport } from "@atsign/atsdk";

/** A byte stream whose other end is the test. */
export class FakeStream implements ByteStream {
  readonly lines: string[] = [];
  isClosed = false;
  isPaused = false;
  /** Answers a line at once when it returns text. */
  onLine: (line: string) => string | undefined = () => undefined;
  #listener: Parameters<ByteStream["listen"]>[0] | undefined;

  listen(listener: Parameters<ByteStream["listen"]>[0]): void {
    this.#listener = listener;
  }

  write(text: string): void {
    const line = text.replace(/\n$/, "");
    this.lines.push(line);
    const answer = this.onLine(line);
    if (answer !== undefined) this.feed(answer);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(): void {
    this.end();
  }

  /** Bytes from the server. */
  feed(text: string): void {
    if (!this.isClosed) this.#listener?.data(Buffer.from(text));
  }

  /** The server is gone. */
  end(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#listener?.closed();
  }
}

const uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";

/** A directory on port 1 and an atServer for one atSign on port 2, which accepts any signature. */
export class FakeNetwork {
  readonly atServers: FakeStream[] = [];
  /** Answers of the atServer besides login, by command line. */
  answer: (line: string, stream: FakeStream) => string | undefined = () => undefined;
  /** Set to refuse new connections to the atServer. */
  isDown = false;
  connects = 0;
  pkamReply = "data:success\n@bob@";
  challenge = `_${uuid}@bob:${uuid}`;

  readonly transport: Transport = (options: ConnectOptions) => {
    const stream = new FakeStream();
    if (options.port === 1) {
      stream.onLine = () => "@127.0.0.1:2\r\n@";
      return Promise.resolve(stream);
    }
    this.connects++;
    if (this.isDown) return Promise.reject(new AtError("connect-failed", "refused"));
    stream.onLine = (line) => {
      if (line.startsWith("from:")) return `@data:${this.challenge}\n@`;
      if (line.startsWith("pkam:")) return this.pkamReply;
      return this.answer(line, stream);
    };
    this.atServers.push(stream);
    return Promise.resolve(stream);
  };
}
