import type { BookRow } from "../../../src/book-rows.ts";
import type { Card } from "../../../src/card.ts";
import type { AtMessage } from "../../../src/link/at-transport.ts";
import type { ChatAdapter } from "../../../src/ports.ts";
import type { SupplierOrder } from "../../../src/supplier-types.ts";
import { LoopServers } from "../../fakes/loop-transport.ts";
import { FakeSupplier } from "../../fakes/order-world.ts";

/** AtServers that go on from what was kept. */
class KeptServers extends LoopServers {
  #last = 1_000;

  override deliver(
    message: Omit<AtMessage, "epochMillis"> & { to: string; value: string },
    at = this.#last + 1,
  ): void {
    this.#last = Math.max(this.#last, at);
    super.deliver(message, at);
  }
}

/** A wholesaler without any protection of its own: what is sent to it twice, it books twice. */
class StrictWholesaler extends FakeSupplier {
  readonly row: BookRow<"wholesalers">;
  /** Its own order list. */
  readonly booked: SupplierOrder[] = [];
  /** Says that it knows of no order: whoever asks before sending again is told wrong. */
  isForgetful = false;

  constructor(row: BookRow<"wholesalers">) {
    super(row);
    this.row = row;
  }

  override async placeOrder(order: SupplierOrder): Promise<string> {
    this.booked.push(order);
    return super.placeOrder(order);
  }
  override async findOrder(orderId: string): Promise<string | undefined> {
    const known = await super.findOrder(orderId);
    return this.isForgetful ? undefined : known;
  }
}

interface Post {
  readonly thread: string;
  readonly key: string;
  card: Card;
}

/** All that goes on while the company's processes are down: atServers, wholesalers, a chat platform, time. */
export class Outside {
  readonly servers = new KeptServers();
  readonly wholesalers = new Map<string, StrictWholesaler>();
  /** By message id; what is posted twice is there twice. */
  readonly posts = new Map<string, Post>();
  now: number;
  /** For who tests the tests. */
  forgetfulWholesalers = false;
  /** Lives and ids so far. */
  lives = 0;
  ids = 0;

  constructor(now: number) {
    this.now = now;
  }

  /** As it is now, for another course of events. */
  copy(): Outside {
    const copy = new Outside(this.now);
    copy.lives = this.lives;
    copy.ids = this.ids;
    copy.forgetfulWholesalers = this.forgetfulWholesalers;
    this.servers.notifications.forEach(({ epochMillis, ...each }) => copy.servers.deliver(each, epochMillis));
    this.servers.values.forEach((value, key) => copy.servers.values.set(key, value));
    this.posts.forEach((post, id) => copy.posts.set(id, { ...post }));
    this.wholesalers.forEach((each) => {
      const wholesaler = copy.wholesaler(each.row);
      each.orders.forEach((order, key) => wholesaler.orders.set(key, order));
      wholesaler.booked.push(...each.booked);
    });
    return copy;
  }

  wholesaler(row: BookRow<"wholesalers">): StrictWholesaler {
    const found = this.wholesalers.get(row.id) ?? new StrictWholesaler(row);
    found.isForgetful = this.forgetfulWholesalers;
    this.wholesalers.set(row.id, found);
    return found;
  }

  /** A platform that posts again what is posted again, and finds what was posted under a key. */
  chat(): ChatAdapter {
    return {
      name: "console",
      start: async () => undefined,
      stop: async () => undefined,
      post: async (thread, card, { key }) => {
        const id = `message-${this.posts.size + 1}`;
        this.posts.set(id, { thread, key, card });
        return id;
      },
      find: async (thread, key) =>
        [...this.posts].find(([, post]) => post.key === key && post.thread === thread)?.[0],
      update: async (message, card) => {
        const post = this.posts.get(message);
        if (post !== undefined) {
          post.card = card;
        }
        return post === undefined ? "gone" : "ok";
      },
      whisper: async () => undefined,
    };
  }
}
