import type { Skill, SkillContext, VerifiedMandate } from "../../src/define-agent.ts";

/** A skill as a function: what it is given and what it returns pass its own schemas, as they do in an agent's host. */
export function skillRunner<I, O>(skill: Skill<I, O>) {
  return async (context: SkillContext, input: I, mandate: VerifiedMandate | null): Promise<O> =>
    skill.output.parse(await skill.run(context, skill.input.parse(input), mandate));
}
