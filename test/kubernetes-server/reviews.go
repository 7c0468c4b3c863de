package main

import (
	"io"
	"net/http"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

func serveSelfSubjectReview(w http.ResponseWriter, req *http.Request, who user.Info) {
	review := &authenticationv1.SelfSubjectReview{}
	if !readBody(review, w, req) {
		return
	}
	review.Status.UserInfo = authenticationv1.UserInfo{Username: who.GetName(), UID: who.GetUID(), Groups: who.GetGroups()}
	writeObject(review, authenticationv1.SchemeGroupVersion, http.StatusCreated, w, req)
}

func serveSelfSubjectAccessReview(w http.ResponseWriter, req *http.Request, who user.Info) {
	review := &authorizationv1.SelfSubjectAccessReview{}
	if !readBody(review, w, req) {
		return
	}
	attributes := authorizer.AttributesRecord{User: who}
	switch resource, path := review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes; {
	case resource != nil:
		attributes.Verb, attributes.Namespace, attributes.APIGroup = resource.Verb, resource.Namespace, resource.Group
		attributes.Resource, attributes.Subresource, attributes.Name = resource.Resource, resource.Subresource, resource.Name
		attributes.ResourceRequest = true
	case path != nil:
		attributes.Verb, attributes.Path = path.Verb, path.Path
	default:
		writeError(apierrors.NewBadRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified"), w, req)
		return
	}
	review.Status.Allowed = allowed(attributes)
	writeObject(review, authorizationv1.SchemeGroupVersion, http.StatusCreated, w, req)
}

func readBody(into runtime.Object, w http.ResponseWriter, req *http.Request) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, 1<<20))
	if err == nil {
		_, _, err = codecs.UniversalDeserializer().Decode(body, nil, into)
	}
	if err != nil {
		writeError(apierrors.NewBadRequest(err.Error()), w, req)
		return false
	}
	return true
}
