/** The user whose eyes the page looks through. */
export const user = new URL(location.href).searchParams.get("as") ?? "employee";

/** The workspace as that user sees it now. */
export async function look() {
  const response = await fetch(`/sandbox/state?as=${encodeURIComponent(user)}`);
  return await response.json();
}

/** Does something as that user; resolves with what they then saw. */
export async function act(what) {
  const response = await fetch(`/sandbox/act?as=${encodeURIComponent(user)}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(what),
  });
  return await response.json();
}
