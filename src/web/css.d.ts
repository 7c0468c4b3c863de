/** Style sheets are bundled by the build beside the page's script; the import only says that they belong together. */
declare module '*.css';
