import { canonicalHash } from "../../src/canonical.ts";
import type { EditForm, EditRefused, PlanEdit, PlanEditing } from "../../src/edit-types.ts";
import { AppError } from "../../src/errors.ts";
import { inTime } from "../../src/with-deadline.ts";
import { editBlock, editModal, type Entered, enteredOf } from "./blocks/edit-modal.ts";
import { noticeModal } from "./blocks/modals.ts";
import type { EditPlace } from "./blocks/slack-actions.ts";
import type { Parts, View } from "./parts.ts";
import { adapterName } from "./slack-ids.ts";
import { type Caller, strangerText } from "./who.ts";

/** What Slack is answered when the form is submitted: another view, or what is wrong with which field. */
export type EditAnswer =
  | { readonly response_action: "update"; readonly view: View }
  | { readonly response_action: "errors"; readonly errors: Readonly<Record<string, string>> };

/** Changing the plan of an open approval in a view. */
export interface PlanEdits {
  /** The form of what this person may change of the plan, or why there is none. */
  form(caller: Caller, approval: string): Promise<View>;
  /**
   * Shows what the form's values would change; once they have been shown, changes the plan. Resolves after the commit,
   * else fails with "edit-late": then Slack says so, and the same form sent again is the same edit.
   */
  submit(
    caller: Caller,
    o: { readonly view: string; readonly place: EditPlace; readonly state: unknown },
  ): Promise<EditAnswer>;
}

/** Slack gives up on a form after three seconds; what is not committed by this is not acknowledged. */
const commitMs = 2_500;
const late = () =>
  new AppError("edit-late", `the edit was not committed within ${commitMs} ms`, { retryable: true });
const title = "Edit the plan";
const update = (view: View): EditAnswer => ({ response_action: "update", view });

export function createPlanEdits({ inbox, after }: Pick<Parts, "inbox" | "after">): PlanEdits {
  /**
   * The form on the run's plan as it stands now, with what was entered before; without such a plan, what became of it
   * and what was entered: nothing that somebody typed is lost.
   */
  async function again(caller: Caller, place: EditPlace, entered: Entered, why: string): Promise<EditAnswer> {
    const form = await inbox.editForm(place.run, caller.by);
    if (form.outcome === "refused") {
      return update(noticeModal(title, `Nothing was changed: ${why}. You had entered: ${said(entered)}.`));
    }
    const moved =
      form.planHash === place.planHash
        ? ""
        : " Meanwhile there is another plan: below it is as it stands now, with what you entered.";
    const kept = stillThere(form, entered);
    return update(
      editModal({
        place: placeOf(form),
        fields: form.fields,
        entered: kept,
        notice: `Nothing was changed: ${why}.${moved}`,
      }),
    );
  }
  /** Wrong values are said at their field; anything else is said above the form. */
  function refused(
    caller: Caller,
    place: EditPlace,
    entered: Entered,
    { error }: EditRefused,
  ): Promise<EditAnswer> | EditAnswer {
    const shown = Object.keys(entered) as (keyof Entered)[];
    const wrong = shown.filter((field) => error.wrong?.[field] !== undefined);
    const at = wrong.length === 0 ? shown.slice(0, 1) : wrong;
    if (error.code !== "bad-edit" || at.length === 0) {
      return again(caller, place, entered, error.message);
    }
    const errors = at.map((field) => [editBlock(field), error.wrong?.[field] ?? error.message]);
    return { response_action: "errors", errors: Object.fromEntries(errors) as Record<string, string> };
  }

  async function submit(
    caller: Caller,
    { view, place, state }: Parameters<PlanEdits["submit"]>[1],
  ): Promise<EditAnswer> {
    const entered = enteredOf(state);
    const { approval, planHash } = place;
    const editing: PlanEditing = {
      approval,
      planHash,
      person: caller.by,
      account: caller.account,
      // Its values are judged by the inbox, which says what was expected.
      changes: entered as PlanEdit,
      adapter: adapterName,
      key: `slack-view:${view}`,
    };
    const shown = canonicalHash(entered);
    if (place.shown === shown) {
      const outcome = await inbox.edit(editing);
      if (outcome.outcome === "accepted") {
        return update(
          noticeModal(
            title,
            `Request ${outcome.run} is planned anew with your changes. When the agents have checked the new plan, its card shows what changed and waits for a decision: not for yours, because you changed it.`,
          ),
        );
      }
      return outcome.outcome === "refused"
        ? refused(caller, place, entered, outcome)
        : again(caller, place, entered, "the approval was closed meanwhile");
    }
    const form = await inbox.editForm(approval, caller.by);
    const preview = form.outcome === "form" ? await inbox.previewEdit(editing) : form;
    if (form.outcome === "refused" || preview.outcome === "refused") {
      return refused(caller, place, entered, preview as EditRefused);
    }
    return update(editModal({ place: { ...place, shown }, fields: form.fields, entered, preview }));
  }

  return {
    async form(caller, approval) {
      // Also of strangers: the inbox refuses and records them.
      const form = await inbox.editForm(approval, caller.by);
      if (form.outcome === "refused") {
        const why =
          "stranger" in caller ? strangerText[caller.stranger] : `Not possible: ${form.error.message}.`;
        return noticeModal(title, why);
      }
      return form.fields.length === 0
        ? noticeModal(title, "Nothing of this plan may be changed.")
        : editModal({ place: placeOf(form), fields: form.fields, entered: {} });
    },
    submit: (caller, o) => inTime(submit(caller, o), { ms: commitMs, after, late }),
  };
}

function placeOf({ approval, run, planHash }: EditForm): EditPlace {
  return { approval, run, planHash, shown: null };
}
/** What was entered, without choices that the plan as it stands now does not have. */
function stillThere({ fields }: EditForm, entered: Entered): Entered {
  const kept = fields.flatMap((field) => {
    const value = entered[field.field];
    const ids = field.kind === "number" ? null : field.options.map(({ id }) => id);
    const left = typeof value === "object" ? value.filter((each) => ids?.includes(each) === true) : value;
    const gone = left === undefined || (typeof left === "string" && ids?.includes(left) === false);
    return gone ? [] : [[field.field, left]];
  });
  return Object.fromEntries(kept) as Entered;
}
function said(entered: Entered): string {
  const texts = Object.entries(entered).map(
    ([field, value]) => `${field} ${[value].flat().join(",") || "none"}`,
  );
  return texts.join(" · ") || "nothing";
}
