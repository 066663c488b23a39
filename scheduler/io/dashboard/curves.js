// The charts of one job: loss and throughput always, others once there is something to show.
import {BarChart, LineChart} from './charts.js';
import {axisTime, duration, num, rate} from './format.js';

// What is measured on held-out data beside the loss; the first that a job has is shown.
const kQuality = ['accuracy', 'auc', 'rmse', 'bits_per_byte', 'inertia'];

export class Curves {
  constructor() {
    const overTime = {x: 'after', xText: axisTime, time: true, zero: true};
    this.loss = new LineChart(
      {title: 'Loss', x: 'iteration', names: ['training'], dots: 'held-out', log: true});
    this.quality = new LineChart({title: 'Held-out', x: 'iteration', names: ['']});
    this.rate = new LineChart(
      {...overTime, title: 'Throughput', unit: 'samples/s', names: ['rate'], yText: rate});
    this.step = new LineChart({...overTime, title: 'Step', unit: 'mean', yText: duration,
                               names: ['step', 'of it waiting']});
    this.staleness = new LineChart(
      {...overTime, title: 'Staleness', unit: 'iterations, mean', names: ['staleness']});
    this.spread = new BarChart({title: 'Staleness of pushes', unit: 'iterations', yText: rate});
    this.all = [this.loss, this.quality, this.rate, this.step, this.staleness, this.spread];
    this.elements = this.all.map((chart) => chart.element);
  }

  update(job) {
    const history = job.history ?? [];
    const startMs = num(history[0]?.time_ms);
    // A field that is 0 throughout was not measured.
    const curve = (x, field) => (history.some((one) => num(one[field]) !== 0) ?
      history.map((one) => [x(one), num(one[field])]) : []);
    const iteration = (one) => num(one.iteration);
    const seconds = (one) => (num(one.time_ms) - startMs) / 1000;
    const measured = (of) => (job.evals ?? []).filter((one) => of(one.result ?? {}) !== undefined)
      .map((one) => [num(one.iteration), num(of(one.result))]);

    this.loss.update([curve(iteration, 'loss')],
      measured((result) => result.loss ?? result.log_loss));
    const quality = kQuality.find((name) => measured((result) => result[name]).length > 0);
    this.quality.element.hidden = quality === undefined;
    if (quality) {
      this.quality.setUnit(quality.replaceAll('_', ' '));
      this.quality.update([measured((result) => result[quality])]);
    }
    this.rate.update([curve(seconds, 'samples_per_second')]);
    const steps = curve(seconds, 'step_seconds');
    this.step.element.hidden = steps.length === 0;
    this.step.update([steps, curve(seconds, 'wait_seconds')]);
    const staleness = curve(seconds, 'staleness_mean');
    this.staleness.element.hidden = staleness.length === 0;
    this.staleness.update([staleness]);
    const counts = (job.staleness?.counts ?? []).map(num);
    this.spread.element.hidden = counts.every((count) => count === 0);
    this.spread.update((job.staleness?.bounds ?? []).map(num), counts);
  }
}
