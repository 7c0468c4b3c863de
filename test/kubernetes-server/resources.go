package main

import (
	"net/http"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	apirequest "k8s.io/apiserver/pkg/endpoints/request"
)

var namespaceNames = []string{"default", "kube-system"}

func (a *api) servePods(w http.ResponseWriter, req *http.Request, info *apirequest.RequestInfo) {
	if info.Verb == "list" {
		list, err := a.cluster.list(info)
		if err != nil {
			writeError(apierrors.NewBadRequest(err.Error()), w, req)
			return
		}
		writeObject(list, corev1.SchemeGroupVersion, http.StatusOK, w, req)
		return
	}
	found := a.cluster.find(info.Namespace, info.Name)
	if found == nil {
		writeError(apierrors.NewNotFound(podResource, info.Name), w, req)
		return
	}
	if info.Verb == "delete" {
		a.cluster.remove(found)
		a.processes.killContainer(info.Namespace, info.Name, "")
	}
	writeObject(found.object(a.cluster.nextVersion()), corev1.SchemeGroupVersion, http.StatusOK, w, req)
}

func (a *api) serveNamespaces(w http.ResponseWriter, req *http.Request, info *apirequest.RequestInfo) {
	list := &corev1.NamespaceList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}}
	for _, name := range namespaceNames {
		list.Items = append(list.Items, corev1.Namespace{
			ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), ResourceVersion: "1", CreationTimestamp: metav1.NewTime(a.cluster.started)},
			Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
		})
	}
	if info.Verb == "list" {
		writeObject(list, corev1.SchemeGroupVersion, http.StatusOK, w, req)
		return
	}
	for i := range list.Items {
		if list.Items[i].Name == info.Name {
			writeObject(&list.Items[i], corev1.SchemeGroupVersion, http.StatusOK, w, req)
			return
		}
	}
	writeError(apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, info.Name), w, req)
}
