/**
 * xterm.js writes its theme into `<style>` elements and colours into `style` attributes; a page with `style-src 'self'` refuses both.
 * The same rules through the CSSOM are allowed. So, in these pages only: the text of a `<style>` made by script goes into a
 * constructed sheet, and `setAttribute('style', …)` into `style.cssText`. Nothing that arrives from outside reaches either.
 */
export function useStrictStyles(): void {
  const create = document.createElement.bind(document);
  document.createElement = ((tag: string, options?: ElementCreationOptions) =>
    // Even an empty `<style>` is refused, so another element without a box stands for it.
    tag === 'style' ? sheetBehind(create('template')) : create(tag, options)) as typeof document.createElement;

  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (this: Element, name: string, value: string): void {
    if (name === 'style' && this instanceof HTMLElement) this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };
}

function sheetBehind(style: HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet();
  let text = '';
  Object.defineProperty(style, 'textContent', {
    get: () => text,
    set: (value: string) => {
      text = value;
      sheet.replaceSync(value);
      if (!document.adoptedStyleSheets.includes(sheet)) document.adoptedStyleSheets.push(sheet);
    },
  });
  const remove = style.remove.bind(style);
  style.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((adopted) => adopted !== sheet);
    remove();
  };
  return style;
}
