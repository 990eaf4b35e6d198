// The part of lit-html's repeat that the dashboard uses, for the type checker.
export function repeat<T>(items: Iterable<T>, key: (item: T, index: number) => unknown, template: (item: T, index: number) => unknown): unknown;
