// Requests to the scheduler that served this page.

const kTimeoutMs = 8000;
// For as long as the tab lives, and for no other one.
const kTokenKey = 'paceline-token';

// status 0: nobody answered.
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const token = {
  get: () => sessionStorage.getItem(kTokenKey) ?? '',
  set: (value) => sessionStorage.setItem(kTokenKey, value),
  forget: () => sessionStorage.removeItem(kTokenKey),
};

async function call(path, options) {
  let response;
  let text;
  try {
    const signal = AbortSignal.timeout(kTimeoutMs);
    response = await fetch(path, {cache: 'no-store', signal, ...options});
    text = await response.text();
  } catch (error) {
    throw new ApiError(0, `no answer: ${error.message}`);
  }
  if (!response.ok) throw new ApiError(response.status, text.trim());
  return JSON.parse(text);
}

export const get = (path) => call(path, {});

export function post(path, body) {
  const headers = {'Content-Type': 'application/json'};
  if (token.get()) headers.Authorization = `Bearer ${token.get()}`;
  return call(path, {method: 'POST', headers, body: JSON.stringify(body)});
}
