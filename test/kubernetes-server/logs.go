package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	apirequest "k8s.io/apiserver/pkg/endpoints/request"
	genericrest "k8s.io/apiserver/pkg/registry/generic/rest"
)

// serveLog is the API server's side of pods/log: it checks the options and streams from the kubelet.
func (a *api) serveLog(w http.ResponseWriter, req *http.Request, info *apirequest.RequestInfo, who user.Info) {
	query, err := logQuery(req.URL.Query(), info.Name)
	if err != nil {
		writeError(err, w, req)
		return
	}
	pod, container, err := a.cluster.chooseContainer(info.Namespace, info.Name, req.URL.Query().Get("container"))
	if err != nil {
		writeError(err, w, req)
		return
	}
	streamer := &genericrest.LocationStreamer{
		ContentType: "text/plain", Flush: query.Get("follow") == "true",
		ResponseChecker: genericrest.NewGenericHttpResponseChecker(schema.GroupResource{Resource: "pods/log"}, info.Name),
		RedirectChecker: genericrest.PreventRedirects,
	}
	if pod.Spec.NodeName != "" { // otherwise the answer is 204
		streamer.Location = a.kubelet.location("containerLogs", info.Namespace, info.Name, container, query)
	}
	begun := &session{Kind: "log", Namespace: info.Namespace, Pod: info.Name, Container: container, User: who.GetName(), Groups: who.GetGroups(), Extra: who.GetExtra()}
	defer a.sessions.begin(req, begun)()
	a.logProtocols.apply(req)
	responsewriters.StreamObject(http.StatusOK, corev1.SchemeGroupVersion, codecs, streamer, w, req)
}

// logQuery checks the client's options and writes them for the kubelet, sinceTime in whole seconds.
func logQuery(client url.Values, pod string) (url.Values, error) {
	query := url.Values{}
	for _, name := range []string{"follow", "previous", "timestamps"} {
		values, set := client[name], false
		if err := runtime.Convert_Slice_string_To_bool(&values, &set, nil); err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		if set {
			query.Set(name, "true")
		}
	}
	var wrong field.ErrorList
	for name, least := range map[string]int64{"tailLines": 0, "sinceSeconds": 1, "limitBytes": 1} {
		text := client.Get(name)
		if text == "" {
			continue
		}
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		if number < least {
			wrong = append(wrong, field.Invalid(field.NewPath(name), number, fmt.Sprintf("must be greater than or equal to %d", least)))
		}
		query.Set(name, text)
	}
	if text := client.Get("sinceTime"); text != "" {
		since, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		if query.Has("sinceSeconds") {
			wrong = append(wrong, field.Forbidden(field.NewPath(""), "at most one of `sinceTime` or `sinceSeconds` may be specified"))
		}
		query.Set("sinceTime", since.Format(time.RFC3339))
	}
	if len(wrong) > 0 {
		return nil, apierrors.NewInvalid(schema.GroupKind{Kind: "PodLogOptions"}, pod, wrong)
	}
	return query, nil
}

// serveLog is the kubelet's side.
func (k *kubelet) serveLog(w http.ResponseWriter, req *http.Request, pod string, container *container) {
	query := req.URL.Query()
	reader := logReader{source: container.log, run: container.current(), follow: query.Has("follow"), timestamps: query.Has("timestamps")}
	if query.Has("previous") {
		reader.run, reader.follow = container.previous(), false
		if reader.run == nil {
			writePlain(w, http.StatusBadRequest, fmt.Sprintf("previous terminated container %q in pod %q not found", container.name, pod))
			return
		}
	}
	if text := query.Get("sinceSeconds"); text != "" {
		seconds, _ := strconv.ParseInt(text, 10, 64) // checked by the API server
		reader.since = time.Now().Add(-time.Duration(seconds) * time.Second)
	}
	if text := query.Get("sinceTime"); text != "" {
		reader.since, _ = time.Parse(time.RFC3339, text)
	}
	for name, into := range map[string]**int64{"tailLines": &reader.tailLines, "limitBytes": &reader.limitBytes} {
		if number, err := strconv.ParseInt(query.Get(name), 10, 64); err == nil {
			*into = &number
		}
	}
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusOK)
	flusher := http.NewResponseController(w)
	flush := func() { _ = flusher.Flush() }
	flush()
	_ = reader.copyTo(req.Context(), w, flush)
	// The WebSocket copy loop upstream drops bytes that arrive together with the end of the body.
	time.Sleep(k.logEndPause)
}
