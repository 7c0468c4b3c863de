package main

import (
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
)

// kubernetesVersion is that of the server modules in go.mod.
var kubernetesVersion = version.Info{Major: "1", Minor: "37", GitVersion: "v1.37.2", Platform: "linux/amd64"}

var coreResources = []metav1.APIResource{
	{Name: "namespaces", SingularName: "namespace", Kind: "Namespace", Verbs: metav1.Verbs{"get", "list"}, ShortNames: []string{"ns"}},
	{Name: "pods", SingularName: "pod", Namespaced: true, Kind: "Pod", Verbs: metav1.Verbs{"delete", "get", "list"}, ShortNames: []string{"po"}, Categories: []string{"all"}},
	{Name: "pods/attach", Namespaced: true, Kind: "PodAttachOptions", Verbs: metav1.Verbs{"create", "get"}},
	{Name: "pods/exec", Namespaced: true, Kind: "PodExecOptions", Verbs: metav1.Verbs{"create", "get"}},
	{Name: "pods/log", Namespaced: true, Kind: "Pod", Verbs: metav1.Verbs{"get"}},
}

var groupResources = map[string][]metav1.APIResource{
	"authentication.k8s.io": {{Name: "selfsubjectreviews", Kind: "SelfSubjectReview", Verbs: metav1.Verbs{"create"}}},
	"authorization.k8s.io":  {{Name: "selfsubjectaccessreviews", Kind: "SelfSubjectAccessReview", Verbs: metav1.Verbs{"create"}}},
}

// servePublic answers what needs no credentials in a default cluster.
func servePublic(w http.ResponseWriter, req *http.Request) bool {
	switch strings.TrimSuffix(req.URL.Path, "/") {
	case "/version":
		responsewriters.WriteRawJSON(http.StatusOK, kubernetesVersion, w)
	case "/healthz", "/livez", "/readyz":
		_, _ = w.Write([]byte("ok"))
	default:
		return false
	}
	return true
}

func serveDiscovery(w http.ResponseWriter, req *http.Request) {
	path := strings.TrimSuffix(req.URL.Path, "/")
	v1 := schema.GroupVersion{Version: "v1"}
	switch path {
	case "/api":
		writeObject(&metav1.APIVersions{Versions: []string{"v1"}}, v1, http.StatusOK, w, req)
		return
	case "/api/v1":
		writeObject(&metav1.APIResourceList{GroupVersion: "v1", APIResources: coreResources}, v1, http.StatusOK, w, req)
		return
	case "/apis":
		list := &metav1.APIGroupList{}
		for _, name := range []string{"authentication.k8s.io", "authorization.k8s.io"} {
			list.Groups = append(list.Groups, apiGroup(name))
		}
		writeObject(list, v1, http.StatusOK, w, req)
		return
	}
	for name, resources := range groupResources {
		switch path {
		case "/apis/" + name:
			group := apiGroup(name)
			writeObject(&group, v1, http.StatusOK, w, req)
			return
		case "/apis/" + name + "/v1":
			writeObject(&metav1.APIResourceList{GroupVersion: name + "/v1", APIResources: resources}, v1, http.StatusOK, w, req)
			return
		}
	}
	writeNotFound(w, req)
}

func apiGroup(name string) metav1.APIGroup {
	version := metav1.GroupVersionForDiscovery{GroupVersion: name + "/v1", Version: "v1"}
	return metav1.APIGroup{Name: name, Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version}
}
