package main

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/authentication/user"
	apirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/util/proxy"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/wsstream"
)

// serveRemoteCommand answers pods/exec and pods/attach: v5 is translated to SPDY as the API server does, everything else
// goes to the container runtime's handler as it is.
func (a *api) serveRemoteCommand(w http.ResponseWriter, req *http.Request, info *apirequest.RequestInfo, who user.Info) {
	if wsstream.IsWebSocketRequest(req) {
		create := attributesOf(info, who)
		create.Verb = "create"
		if !allowed(create) {
			// Since 1.35 an upgrade needs create as well; the refusal really ends after the colon.
			writeError(apierrors.NewForbidden(podResource, info.Name, errors.New("")), w, req)
			return
		}
	}
	query := req.URL.Query()
	pod, container, err := a.cluster.chooseContainer(info.Namespace, info.Name, query.Get("container"))
	if err == nil && pod.Spec.NodeName == "" {
		err = apierrors.NewBadRequest("pod " + info.Name + " does not have a host assigned")
	}
	if err == nil && !httpstream.IsUpgradeRequest(req) {
		err = apierrors.NewBadRequest("Upgrade request required")
	}
	var options proxy.Options
	if err == nil {
		options, err = streamOptions(query)
	}
	if err != nil {
		writeError(err, w, req)
		return
	}

	begun := &session{Kind: info.Subresource, Namespace: info.Namespace, Pod: info.Name, Container: container, User: who.GetName(), Groups: who.GetGroups(), Extra: who.GetExtra()}
	defer a.sessions.begin(req, begun)()
	a.protocols.apply(req)
	location := a.kubelet.location(info.Subresource, info.Namespace, info.Name, container, kubeletQuery(options, query["command"], begun.ID))
	translator := proxy.NewStreamTranslatorHandler(location, &http.Transport{}, 0, options)
	proxy.NewTranslatingHandler(a.kubelet.serve(location), translator, wsstream.IsWebSocketRequestWithStreamCloseProtocol).ServeHTTP(w, req)
}

// streamOptions reads the API's parameters; stderr gives way to a TTY.
func streamOptions(query url.Values) (options proxy.Options, err error) {
	for name, into := range map[string]*bool{"stdin": &options.Stdin, "stdout": &options.Stdout, "stderr": &options.Stderr, "tty": &options.Tty} {
		values := query[name]
		if err := runtime.Convert_Slice_string_To_bool(&values, into, nil); err != nil {
			return options, apierrors.NewBadRequest(err.Error())
		}
	}
	options.Stderr = options.Stderr && !options.Tty
	return options, nil
}

// kubeletQuery has the kubelet's parameter names; session is this server's own.
func kubeletQuery(options proxy.Options, command []string, sessionID string) url.Values {
	query := url.Values{"session": {sessionID}}
	if len(command) > 0 {
		query["command"] = command
	}
	for name, set := range map[string]bool{"input": options.Stdin, "output": options.Stdout, "error": options.Stderr, "tty": options.Tty} {
		if set {
			query.Set(name, "1")
		}
	}
	return query
}

var (
	execProtocolNames = map[string]string{
		"v5": "v5.channel.k8s.io", "v4": "v4.channel.k8s.io", "v4.base64": "v4.base64.channel.k8s.io",
		"base64": "base64.channel.k8s.io", "channel": "channel.k8s.io",
	}
	logProtocolNames = map[string]string{"binary": "binary.k8s.io", "base64": "base64.binary.k8s.io"}
)

// protocolFilter holds the subprotocols to serve; nil serves all.
type protocolFilter map[string]bool

// newProtocolFilter takes short or full names.
func newProtocolFilter(names map[string]string, list string) protocolFilter {
	var filter protocolFilter
	for _, name := range splitList(list) {
		if full, ok := names[name]; ok {
			name = full
		}
		if filter == nil {
			filter = protocolFilter{}
		}
		filter[name] = true
	}
	return filter
}

// apply renames what is not served, so that the library itself refuses it in its own way: 403 without a body.
func (f protocolFilter) apply(req *http.Request) {
	if f == nil || !wsstream.IsWebSocketRequest(req) {
		return
	}
	offered := splitList(strings.Join(req.Header.Values("Sec-WebSocket-Protocol"), ","))
	for i, name := range offered {
		if !f[name] {
			offered[i] = "unserved." + name
		}
	}
	req.Header.Set("Sec-WebSocket-Protocol", strings.Join(offered, ", "))
}
