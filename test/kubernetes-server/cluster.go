package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	apirequest "k8s.io/apiserver/pkg/endpoints/request"
)

// cluster holds the pods.
type cluster struct {
	numbered   logSource // of the pod logger
	logHistory int

	started time.Time

	mu      sync.Mutex
	version int // resourceVersion, counted up at every look
	pods    []*pod
}

func newCluster(numbered logSource, logHistory int) *cluster {
	c := &cluster{numbered: numbered, logHistory: logHistory, version: 1000, started: time.Now()}
	c.reset()
	return c
}

// reset brings back the pods as they were when the server started, with fresh lives.
func (c *cluster) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, old := range c.pods {
		old.stop()
	}
	c.pods = initialPods(time.Now(), c.numbered, c.logHistory)
}

func (c *cluster) find(namespace, name string) *pod {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, pod := range c.pods {
		if pod.namespace == namespace && pod.name == name {
			return pod
		}
	}
	return nil
}

// container is nil if there is no such pod or container.
func (c *cluster) container(namespace, pod, name string) *container {
	found := c.find(namespace, pod)
	if found == nil {
		return nil
	}
	for _, container := range found.containers {
		if container.name == name {
			return container
		}
	}
	return nil
}

func (c *cluster) nextVersion() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	return c.version
}

func (c *cluster) remove(gone *pod) {
	c.forget(gone)
	gone.stop()
}

// forget takes the pod off the list and leaves what runs in it.
func (c *cluster) forget(gone *pod) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pods = slices.DeleteFunc(c.pods, func(pod *pod) bool { return pod == gone })
}

// chooseContainer follows the API server: a name must be valid, and may be left out if the pod has one container only.
func (c *cluster) chooseContainer(namespace, name, wanted string) (*corev1.Pod, string, error) {
	found := c.find(namespace, name)
	if found == nil {
		return nil, "", apierrors.NewNotFound(podResource, name)
	}
	names := map[containerKind][]string{}
	for _, container := range found.containers {
		names[container.kind] = append(names[container.kind], container.name)
		if container.name == wanted {
			return found.object(c.nextVersion()), wanted, nil
		}
	}
	if wanted != "" {
		return nil, "", apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", wanted, name))
	}
	if regular := names[regularContainer]; len(regular) == 1 {
		return found.object(c.nextVersion()), regular[0], nil
	}
	text := fmt.Sprintf("a container name must be specified for pod %s, choose one of: %v", name, names[regularContainer])
	if init := names[initContainer]; len(init) > 0 {
		text += fmt.Sprintf(" or one of the init containers: %v", init)
	}
	return nil, "", apierrors.NewBadRequest(text)
}

func (c *cluster) list(info *apirequest.RequestInfo) (*corev1.PodList, error) {
	labelSelector, err := labels.Parse(info.LabelSelector)
	if err != nil {
		return nil, err
	}
	fieldSelector, err := fields.ParseSelector(info.FieldSelector)
	if err != nil {
		return nil, err
	}
	version := c.nextVersion()
	list := &corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: strconv.Itoa(version)}}
	c.mu.Lock()
	pods := slices.Clone(c.pods)
	c.mu.Unlock()
	slices.SortFunc(pods, func(a, b *pod) int { return cmp.Compare(a.namespace+"/"+a.name, b.namespace+"/"+b.name) })
	for _, pod := range pods {
		object := pod.object(version)
		shown := fields.Set{"metadata.name": pod.name, "metadata.namespace": pod.namespace, "status.phase": string(pod.phase), "spec.nodeName": object.Spec.NodeName}
		if fits(info.Namespace, pod.namespace) && labelSelector.Matches(labels.Set(object.Labels)) && fieldSelector.Matches(shown) {
			list.Items = append(list.Items, *object)
		}
	}
	return list, nil
}
