import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

/** What our tests rely on of docker-compose.yml; see https://docs.docker.com/reference/compose-file/services/. */
const serviceSchema = z.object({
  build: z.string().optional(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  restart: z.string().optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  networks: z.array(z.string()).default([]),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  depends_on: z
    .record(
      z.string(),
      z.object({
        condition: z.enum(["service_healthy", "service_completed_successfully", "service_started"]),
      }),
    )
    .default({}),
});
const composeSchema = z.object({
  services: z.record(z.string(), serviceSchema),
  volumes: z.record(z.string(), z.unknown()),
  networks: z.record(z.string(), z.unknown()),
});
export type Service = z.output<typeof serviceSchema>;
export type Compose = z.output<typeof composeSchema>;

export const composeText = readFileSync(new URL("../../docker-compose.yml", import.meta.url), "utf8");

export function readCompose(): Compose {
  return composeSchema.parse(parse(composeText, { merge: true }));
}

/** `name:/place[:ro]` */
export function mounts(
  service: Service,
): readonly { readonly volume: string; readonly place: string; readonly readOnly: boolean }[] {
  return service.volumes.map((text) => {
    const [volume = "", place = "", mode] = text.split(":");
    return { volume, place, readOnly: mode === "ro" };
  });
}

/** Our own services, those they stand on first. */
export function startOrder({ services }: Compose): readonly string[] {
  const order: string[] = [];
  const visit = (name: string): void => {
    if (order.includes(name)) {
      return;
    }
    Object.keys(services[name]?.depends_on ?? {}).forEach(visit);
    order.push(name);
  };
  Object.keys(services).forEach(visit);
  return order.filter((name) => services[name]?.image === "countersign");
}
