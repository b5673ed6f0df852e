/** The button of a one-time link; only pressing it uses the link up. */

const token = new URLSearchParams(location.search).get("token") ?? "";
const button = /** @type {HTMLButtonElement} */ (document.getElementById("go"));
const who = /** @type {HTMLElement} */ (document.getElementById("who"));
const problem = /** @type {HTMLElement} */ (document.getElementById("problem"));

/** @param {string} path */
async function post(path) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
  const body = await response.json();
  if (!response.ok) {
    throw new Error(body.error.message);
  }
  return body;
}
/** @param {unknown} error */
function fail(error) {
  const text = error instanceof Error ? error.message : String(error);
  problem.textContent = `Sign-in failed: ${text}. Ask for a new link.`;
  button.disabled = true;
}

async function signIn() {
  button.disabled = true;
  button.textContent = "Signing in…";
  try {
    const { location: home } = await post("/sign-in");
    location.replace(home);
  } catch (error) {
    button.textContent = "Sign in";
    fail(error);
  }
}
button.addEventListener("click", () => void signIn());
try {
  const { person, demo } = await post("/sign-in/person");
  who.textContent = `This link signs you in as ${person.name}${demo ? " (demo)" : ""}, once.`;
  button.focus();
} catch (error) {
  fail(error);
}
