// Asks the scheduler again and again, and tells how old is what is shown.
import {ApiError} from './api.js';
import {byId, setText} from './dom.js';
import {clock, duration} from './format.js';

const kPollMs = 1000;
const kHiddenPollMs = 10000;
const kSlowestRetryMs = 5000;
// An answer older than this is not called live.
const kFreshMs = 2500;

export class Connection {
  // ask(): the questions of the moment; resolves to a function that shows the answers.
  constructor(ask) {
    Object.assign(this, {ask, turn: 0, failures: 0, error: null, answeredMs: 0, nextMs: 0});
    byId('retry').addEventListener('click', () => this.poll());
    document.addEventListener('visibilitychange', () => !document.hidden && this.poll());
    setInterval(() => this.draw(), kPollMs);
  }

  // At once. What an earlier call still waits for is not shown any more.
  async poll() {
    clearTimeout(this.timer);
    const turn = ++this.turn;
    let show = () => {};
    let error = null;
    try {
      show = await this.ask();
    } catch (caught) {
      // Anything else is a fault of this page.
      if (!(caught instanceof ApiError)) throw caught;
      error = caught;
    }
    if (turn !== this.turn) return;
    this.error = error;
    this.failures = error ? this.failures + 1 : 0;
    if (!error) this.answeredMs = Date.now();
    const wait = error ? Math.min(kSlowestRetryMs, kPollMs * 2 ** (this.failures - 1)) :
      document.hidden ? kHiddenPollMs : kPollMs;
    this.nextMs = Date.now() + wait;
    this.timer = setTimeout(() => this.poll(), wait);
    this.draw();
    show();
  }

  draw() {
    const {error} = this;
    const age = Date.now() - this.answeredMs;
    document.body.classList.toggle('stale', error !== null);
    byId('connection').classList.toggle('down', error !== null);
    const fresh = age < kFreshMs ? 'live' : `${duration(age / 1000)} old`;
    setText(byId('connection-text'), error ? (error.status > 0 ? 'refused' : 'no answer') :
      this.answeredMs === 0 ? 'connecting' : fresh);
    byId('offline').hidden = error === null;
    if (!error) return;
    const what = error.status > 0 ? `The scheduler refuses to tell: ${error.message}.` :
      'The scheduler does not answer. Jobs go on without it.';
    const old = this.answeredMs === 0 ? '' : ` What is shown is of ${clock(this.answeredMs)}.`;
    const next = Math.max(0, Math.ceil((this.nextMs - Date.now()) / 1000));
    setText(byId('offline-text'), `${what}${old} Next try in ${next} s.`);
  }
}
