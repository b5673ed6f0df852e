import type { types } from "@slack/bolt";
import type { ApprovalId } from "../../../src/domain.ts";
import { shortHash } from "./card-lines.ts";
import { type Block, context, limits, plain, section } from "./elements.ts";
import { callbackIds, reasonField, valueOf } from "./slack-actions.ts";

/** The small views. A trigger lives three seconds: the loading view opens first, then another takes its place. */

export function loadingModal(title: string): types.ModalView {
  return modal(callbackIds.notice, title, [section("Loading…")]);
}
/** A sentence for whom it concerns: a refusal, an error, that somebody else was first. */
export function noticeModal(title: string, text: string): types.ModalView {
  return modal(callbackIds.notice, title, [section(text)]);
}
/** Asks for the reason, without which nothing is rejected. `title` says what is rejected. */
export function rejectModal(o: {
  readonly approval: ApprovalId;
  readonly planHash: string;
  readonly title: string;
}): types.ModalView {
  const { approval, planHash } = o;
  return {
    ...modal(callbackIds.reject, "Reject", [
      section(`Your answer is no to: “${o.title}”`, 1000),
      {
        type: "input",
        block_id: reasonField.block,
        label: plain("Why? The requester reads this.", 100),
        element: {
          type: "plain_text_input",
          action_id: reasonField.action,
          multiline: true,
          min_length: 1,
          max_length: limits.reason,
          focus_on_load: true,
        },
      },
      context(`Plan ${shortHash(planHash)}. Nothing is ordered, and all reservations are released.`),
    ]),
    submit: plain("Reject", limits.viewTitle),
    close: plain("Back", limits.viewTitle),
    private_metadata: valueOf.decision({ approval, planHash }),
  };
}
/** What to answer a submitted reason that is blank. */
export const reasonMissing = {
  response_action: "errors",
  errors: { [reasonField.block]: "Say in a word or two why." },
} as const;

export function modal(callbackId: string, title: string, blocks: Block[]): types.ModalView {
  return {
    type: "modal",
    callback_id: callbackId,
    title: plain(title, limits.viewTitle),
    close: plain("Close", limits.viewTitle),
    blocks,
  };
}
