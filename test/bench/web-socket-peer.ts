// One end of the bare WebSocket round trips, in a process of its own: sends back what it gets.
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
server.on("listening", () => process.send?.({ port: (server.address() as AddressInfo).port }));
server.on("connection", (socket) => {
  socket.on("message", (data: Buffer) => socket.send(data));
});
process.on("disconnect", () => process.exit());
