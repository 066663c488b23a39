// What changes a job: asked for in a dialog, done once confirmed, refused in the open.
import {post, token} from './api.js';
import {byId, setText} from './dom.js';

export class Actions {
  // done(text): it worked.
  constructor(done) {
    this.done = done;
    this.dialog = byId('confirm');
    // Known once somebody was refused for the lack of it, or the scheduler says so.
    this.needsToken = false;
    byId('confirm-no').addEventListener('click', () => this.dialog.close());
    byId('confirm-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.send();
    });
  }

  cancel(job) {
    this.ask({
      job, verb: 'cancel', yes: 'Cancel the job',
      title: `Cancel job ${job.job_id} ${job.spec?.name ?? ''}?`,
      text: 'Its tasks end and its tables are freed. Its checkpoints stay.', reason: true,
      done: `Job ${job.job_id} is being cancelled.`,
    });
  }

  checkpoint(job) {
    this.ask({
      job, verb: 'checkpoint', yes: 'Write a checkpoint',
      title: `Checkpoint job ${job.job_id} ${job.spec?.name ?? ''} now?`,
      text: 'Training goes on while it is written.', reason: false,
      done: `Job ${job.job_id} will be checkpointed.`,
    });
  }

  ask(action) {
    if (this.dialog.open) return;
    this.action = action;
    setText(byId('confirm-title'), action.title);
    setText(byId('confirm-text'), action.text);
    setText(byId('confirm-yes'), action.yes);
    setText(byId('refused'), '');
    byId('reason-row').hidden = !action.reason;
    byId('reason').value = '';
    byId('token-row').hidden = !this.needsToken || token.get() !== '';
    byId('token').value = '';
    this.dialog.showModal();
  }

  async send() {
    const {job, verb, reason, done} = this.action;
    const yes = byId('confirm-yes');
    const typed = byId('token').value.trim();
    if (typed) token.set(typed);
    yes.disabled = true;
    setText(byId('refused'), '');
    try {
      await post(`/api/jobs/${job.job_id}/${verb}`, reason ? {reason: byId('reason').value} : {});
      this.dialog.close();
      this.done(done);
    } catch (error) {
      if (error.status === 401) {
        token.forget();
        this.needsToken = true;
        byId('token-row').hidden = false;
        byId('token').value = '';
        byId('token').focus();
      }
      setText(byId('refused'), `Refused: ${error.message}`);
    } finally {
      yes.disabled = false;
    }
  }
}
