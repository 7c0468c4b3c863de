package main

import (
	"net/http"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/handlers/negotiation"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	apirequest "k8s.io/apiserver/pkg/endpoints/request"
)

var (
	scheme      = newScheme()
	codecs      = serializer.NewCodecFactory(scheme)
	podResource = schema.GroupResource{Resource: "pods"}

	requestInfos = apirequest.RequestInfoFactory{
		APIPrefixes:          sets.NewString("api", "apis"),
		GrouplessAPIPrefixes: sets.NewString("api"),
	}
)

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(corev1.AddToScheme(scheme))
	utilruntime.Must(authenticationv1.AddToScheme(scheme))
	utilruntime.Must(authorizationv1.AddToScheme(scheme))
	v1 := schema.GroupVersion{Version: "v1"}
	metav1.AddToGroupVersion(scheme, v1)
	scheme.AddUnversionedTypes(v1, &metav1.Status{}, &metav1.APIVersions{}, &metav1.APIGroupList{}, &metav1.APIGroup{}, &metav1.APIResourceList{})
	return scheme
}

// api is the part of the API server a relay meets: authentication, authorization, a few resources, three streams.
type api struct {
	cluster      *cluster
	kubelet      *kubelet
	tokens       *tokens
	sessions     *sessions
	processes    *processes
	protocols    protocolFilter
	logProtocols protocolFilter
}

func (a *api) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if servePublic(w, req) {
		return
	}
	info, err := requestInfos.NewRequestInfo(req)
	if err != nil {
		writeError(apierrors.NewBadRequest(err.Error()), w, req)
		return
	}
	who, ok := a.tokens.authenticate(req)
	if !ok {
		writeError(apierrors.NewUnauthorized("Unauthorized"), w, req)
		return
	}
	impersonated(who, func(who user.Info, req *http.Request) { a.serveAs(w, req, info, who) }).ServeHTTP(w, req)
}

func (a *api) serveAs(w http.ResponseWriter, req *http.Request, info *apirequest.RequestInfo, who user.Info) {
	attributes := attributesOf(info, who)
	if !allowed(attributes) {
		responsewriters.Forbidden(attributes, w, req, "", codecs)
		return
	}
	if !info.IsResourceRequest {
		serveDiscovery(w, req)
		return
	}
	a.serveResource(w, req, info, who)
}

func (a *api) serveResource(w http.ResponseWriter, req *http.Request, info *apirequest.RequestInfo, who user.Info) {
	switch strings.Join([]string{info.APIGroup, info.Resource, info.Subresource, info.Verb}, " ") {
	case " namespaces  list", " namespaces  get":
		a.serveNamespaces(w, req, info)
	case " pods  list", " pods  get", " pods  delete":
		a.servePods(w, req, info)
	case " pods exec get", " pods exec create", " pods attach get", " pods attach create":
		a.serveRemoteCommand(w, req, info, who)
	case " pods log get":
		a.serveLog(w, req, info, who)
	case "authentication.k8s.io selfsubjectreviews  create":
		serveSelfSubjectReview(w, req, who)
	case "authorization.k8s.io selfsubjectaccessreviews  create":
		serveSelfSubjectAccessReview(w, req, who)
	case " pods  watch", " namespaces  watch", " pods  create", " pods  update", " pods  patch":
		writeError(apierrors.NewMethodNotSupported(schema.GroupResource{Resource: info.Resource}, info.Verb), w, req)
	default:
		writeNotFound(w, req)
	}
}

func writeObject(object runtime.Object, gv schema.GroupVersion, status int, w http.ResponseWriter, req *http.Request) {
	responsewriters.WriteObjectNegotiated(codecs, negotiation.DefaultEndpointRestrictions, gv, w, req, status, object, false)
}

func writeError(err error, w http.ResponseWriter, req *http.Request) {
	responsewriters.ErrorNegotiated(err, codecs, corev1.SchemeGroupVersion, w, req)
}

func writeNotFound(w http.ResponseWriter, req *http.Request) {
	writeError(apierrors.NewGenericServerResponse(http.StatusNotFound, req.Method, schema.GroupResource{}, "", "", 0, true), w, req)
}
