package main

import (
	"net/http"
	"net/url"
	"strings"
)

// withRancherPaths also serves everything under /k8s/clusters/{id}/ and /k8s/proxy/{id}/, where the cookie R_SESS stands
// for a missing Authorization header and a browser's upgrade must come from the same host.
func withRancherPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		path, ok := insideCluster(req.URL.Path)
		if !ok {
			next.ServeHTTP(w, req)
			return
		}
		if foreignBrowser(req) {
			http.Error(w, "origin not allowed", http.StatusForbidden)
			return
		}
		inner := req.Clone(req.Context())
		inner.URL.Path, inner.URL.RawPath = path, ""
		if cookie, err := req.Cookie("R_SESS"); err == nil && req.Header.Get("Authorization") == "" {
			inner.Header.Set("Authorization", "Bearer "+cookie.Value)
		}
		next.ServeHTTP(w, inner)
	})
}

func insideCluster(path string) (string, bool) {
	for _, prefix := range []string{"/k8s/clusters/", "/k8s/proxy/"} {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			if id, inner, _ := strings.Cut(rest, "/"); id != "" {
				return "/" + inner, true
			}
		}
	}
	return "", false
}

func foreignBrowser(req *http.Request) bool {
	if req.Header.Get("Upgrade") == "" || !strings.Contains(strings.ToLower(req.UserAgent()), "mozilla") {
		return false
	}
	origin, err := url.Parse(req.Header.Get("Origin"))
	return err != nil || origin.Host != req.Host
}
