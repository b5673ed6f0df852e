// A process that does nothing: what others stand on.
process.send?.({ ready: true });
process.on("disconnect", () => process.exit());
