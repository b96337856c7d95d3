/**
 * `ms` hides its types behind `exports`, so that Temporal's `Duration` would silently be `any` and a misspelt one
 * (`'1 mintue'`) would pass. This is as much of it as a Duration needs.
 */
declare module 'ms' {
  type Unit =
    | 'ms'
    | 's'
    | 'sec'
    | 'secs'
    | 'second'
    | 'seconds'
    | 'm'
    | 'min'
    | 'mins'
    | 'minute'
    | 'minutes'
    | 'h'
    | 'hr'
    | 'hrs'
    | 'hour'
    | 'hours'
    | 'd'
    | 'day'
    | 'days'
    | 'w'
    | 'week'
    | 'weeks'
    | 'y'
    | 'year'
    | 'years'
  export type StringValue = `${number}` | `${number}${Unit}` | `${number} ${Unit}`
}
