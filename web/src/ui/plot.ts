/** Geometry of the small plots. */

type Values = readonly (number | null)[];

/** What a line is drawn into. */
export interface Frame {
  width: number;
  height: number;
  /** Number of places from the left edge to the right one. */
  count: number;
  /** The value at the upper edge. */
  top: number;
}

/** Half the stroke, so that a line at an edge is not cut. */
const MARGIN = 2;

/** The value of the upper edge: the highest there is, and never zero, so that a line of zeros lies on the ground. */
export function topOf(series: readonly Values[]): number {
  const highest = Math.max(0, ...series.flatMap((values) => values.filter((value) => value !== null)));
  return highest > 0 ? highest : 1;
}

/** Runs of neighbouring values as points. The last value is at the right edge, also when there are few. */
function runsOf(values: Values, { width, height, count, top }: Frame): [x: number, y: number][][] {
  const runs: [number, number][][] = [];
  let open = false;
  values.forEach((value, at) => {
    if (value === null) {
      open = false;
      return;
    }
    if (!open) runs.push([]);
    open = true;
    const x = ((count - values.length + at) / (count - 1)) * width;
    const y = height - MARGIN - (Math.max(0, value) / top) * (height - 2 * MARGIN);
    runs.at(-1)?.push([round(x), round(y)]);
  });
  return runs;
}

/** Path of the line. A value between two gaps is a dot. */
export function lineOf(values: Values, frame: Frame): string {
  return runsOf(values, frame)
    .map(
      (run) =>
        run.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x} ${y}`).join('') + (run.length === 1 ? 'h0' : ''),
    )
    .join('');
}

/** Path of what lies below the line. */
export function areaOf(values: Values, frame: Frame): string {
  return runsOf(values, frame)
    .filter((run) => run.length > 1)
    .map((run) => {
      const [first, last] = [run[0]?.[0] ?? 0, run.at(-1)?.[0] ?? 0];
      return `M${first} ${frame.height}${run.map(([x, y]) => `L${x} ${y}`).join('')}L${last} ${frame.height}Z`;
    })
    .join('');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
