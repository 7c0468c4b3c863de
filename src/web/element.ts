/** A child of an element: another element, or text that is only ever text. Nothing is inserted as HTML anywhere in these pages. */
export type Child = Node | string | undefined;

/** Attributes by name; `true` writes an empty one, `false` and undefined none. Styles are classes, never a `style` attribute (CSP). */
export type Attributes = { readonly [name: string]: string | number | boolean | undefined };

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

export function button(label: string, attributes: Attributes, pressed: () => void): HTMLButtonElement {
  const made = element('button', { type: 'button', ...attributes }, label);
  made.addEventListener('click', pressed);
  return made;
}

/** The project's trident, drawn here so that it takes the colour of the text around it. */
export function trident(): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 32 32');
  svg.setAttribute('class', 'trident');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', tridentPath);
  svg.append(path);
  return svg;
}

const tridentPath =
  'M16 2.5l3 5.2h-1.7v9.1c3.6-.5 6-2.6 6.3-6h-1.8l3.1-5.3 3.1 5.3h-1.7c-.4 5.1-3.8 8.2-9 8.7v3h3.2v2.4h-3.2V29.5h-2.6v-4.6h-3.2v-2.4' +
  'h3.2v-3c-5.2-.5-8.6-3.6-9-8.7H4l3.1-5.3 3.1 5.3H8.4c.3 3.4 2.7 5.5 6.3 6V7.7H13z';
