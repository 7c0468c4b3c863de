import type { User } from '../../auth/user.ts';
import type { HttpRequest, HttpResponse } from '../listener.ts';

/** One method on one path. `:name` in the path stands for one segment. */
export type Route = OpenRoute | UserRoute;

interface AnyRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
}

/** For whoever comes past the guard. */
interface OpenRoute extends AnyRoute {
  readonly access: 'open';
  answer(request: HttpRequest): Promise<HttpResponse>;
}

/** For a user who is signed in. */
interface UserRoute extends AnyRoute {
  readonly access: 'user';
  answer(request: HttpRequest, user: User, params: Params): Promise<HttpResponse>;
}

export type Params = Readonly<Record<string, string>>;

export type Match =
  | { readonly kind: 'route'; readonly route: Route; readonly params: Params }
  | { readonly kind: 'other-method'; readonly allow: string }
  | { readonly kind: 'none' };

export function matchRoute(routes: readonly Route[], method: string, path: string): Match {
  const onPath = routes.flatMap((route) => {
    const params = matchPath(route.path, path);
    return params ? [{ route, params }] : [];
  });
  const wanted = method === 'HEAD' ? 'GET' : method;
  const found = onPath.find(({ route }) => route.method === wanted);
  if (found) return { kind: 'route', ...found };
  return onPath.length === 0 ? { kind: 'none' } : { kind: 'other-method', allow: onPath.map(({ route }) => route.method).join(', ') };
}

function matchPath(pattern: string, path: string): Params | undefined {
  const names = pattern.split('/');
  const segments = path.split('/');
  if (names.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, name] of names.entries()) {
    const segment = segments[i] ?? '';
    if (!name.startsWith(':')) {
      if (name !== segment) return undefined;
      continue;
    }
    const value = decode(segment);
    if (value === undefined || value === '') return undefined;
    params[name.slice(1)] = value;
  }
  return params;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
