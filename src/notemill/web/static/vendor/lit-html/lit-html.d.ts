// The part of lit-html that the dashboard uses, for the type checker.
export interface TemplateResult { readonly _$litType$: number }
export function html(strings: TemplateStringsArray, ...values: unknown[]): TemplateResult;
export function svg(strings: TemplateStringsArray, ...values: unknown[]): TemplateResult;
export function render(value: unknown, container: HTMLElement | DocumentFragment): unknown;
export const nothing: symbol;
