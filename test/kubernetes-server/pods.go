package main

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	apirequest "k8s.io/apiserver/pkg/endpoints/request"
)

const (
	testImage = "poseidon.test/local-shell:1"
	testNode  = "node-1"
)

var namespaceNames = []string{"default", "kube-system"}

// pod is one pod; containers are in the order of the spec, of all kinds.
type pod struct {
	namespace, name string
	uid             string
	created         time.Time
	phase           corev1.PodPhase
	containers      []*container
}

type cluster struct {
	logRate    float64
	logHistory int

	mu      sync.Mutex
	started time.Time
	version int // resourceVersion, counted up at every look
	pods    []*pod
}

func newCluster(logRate float64, logHistory int) *cluster {
	c := &cluster{logRate: logRate, logHistory: logHistory, version: 1000}
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
	c.started = time.Now()
	c.pods = initialPods(c.started, c.logRate, c.logHistory)
}

func initialPods(now time.Time, logRate float64, logHistory int) []*pod {
	running := func(at time.Time, c *container) *container {
		c.runs = []*run{newRun(1, at)}
		return c
	}
	exited := func(at time.Time, c *container) *container {
		life := newRun(1, at)
		life.finish(at.Add(time.Second), 0)
		c.runs = []*run{life}
		return c
	}
	shell := func(name string) *container {
		return &container{name: name, command: []string{"sh"}, stdin: true, tty: true, log: fixedLog("main process is up\n")}
	}
	before := now.Add(-time.Minute)
	logStart := now.Add(-time.Duration(float64(logHistory) / logRate * float64(time.Second)))
	return []*pod{
		newPod("default", "shell", corev1.PodRunning, before, running(before, shell("main"))),
		newPod("default", "multi", corev1.PodRunning, before,
			exited(before, &container{name: "setup", kind: initContainer, log: fixedLog("setup 1\n", "setup 2\n", "setup done\n")}),
			running(before, &container{name: "app", command: []string{"cat"}, stdin: true, log: fixedLog("app is up\n")}),
			running(before, &container{name: "sidecar", command: []string{"sh"}, stdin: true, tty: true, log: fixedLog("sidecar is up\n")}),
			running(before, &container{name: "debugger", kind: ephemeralContainer, command: []string{"sh"}, stdin: true, tty: true, log: fixedLog("debugger is up\n")})),
		newPod("default", "logger", corev1.PodRunning, logStart, running(logStart, &container{name: "main", log: numberedLog(logRate)})),
		newPod("default", "pending", corev1.PodPending, before, shell("main")),
		newPod("default", "finished", corev1.PodSucceeded, before,
			exited(before, &container{name: "main", log: fixedLog("first line\n", "second line\n", "last line without a newline")})),
		newPod("kube-system", "system-shell", corev1.PodRunning, before, running(before, shell("main"))),
	}
}

func newPod(namespace, name string, phase corev1.PodPhase, created time.Time, containers ...*container) *pod {
	random := randomHex(16)
	uid := strings.Join([]string{random[:8], random[8:12], random[12:16], random[16:20], random[20:]}, "-")
	return &pod{namespace: namespace, name: name, uid: uid, created: created, phase: phase, containers: containers}
}

func (p *pod) stop() {
	for _, container := range p.containers {
		container.stop(137)
	}
}

// object writes the pod as the API shows it now.
func (p *pod) object(version int) *corev1.Pod {
	created := metav1.NewTime(p.created)
	object := &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: p.namespace, Name: p.name, UID: types.UID(p.uid), ResourceVersion: strconv.Itoa(version),
			CreationTimestamp: created, Labels: map[string]string{"app": p.name},
		},
		Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyAlways, DNSPolicy: corev1.DNSClusterFirst, ServiceAccountName: "default"},
		Status: corev1.PodStatus{
			Phase: p.phase, QOSClass: corev1.PodQOSBestEffort,
		},
	}
	if p.phase == corev1.PodPending {
		object.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, LastTransitionTime: created, Message: "0/1 nodes are available."}}
	} else {
		object.Spec.NodeName, object.Status.HostIP, object.Status.PodIP, object.Status.StartTime = testNode, "127.0.0.1", "127.0.0.1", &created
	}
	for _, container := range p.containers {
		switch container.kind {
		case initContainer:
			object.Spec.InitContainers = append(object.Spec.InitContainers, container.spec())
			object.Status.InitContainerStatuses = append(object.Status.InitContainerStatuses, container.status())
		case ephemeralContainer:
			object.Spec.EphemeralContainers = append(object.Spec.EphemeralContainers, corev1.EphemeralContainer{EphemeralContainerCommon: corev1.EphemeralContainerCommon(container.spec())})
			object.Status.EphemeralContainerStatuses = append(object.Status.EphemeralContainerStatuses, container.status())
		default:
			object.Spec.Containers = append(object.Spec.Containers, container.spec())
			if p.phase != corev1.PodPending {
				object.Status.ContainerStatuses = append(object.Status.ContainerStatuses, container.status())
			}
		}
	}
	return object
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
	c.mu.Lock()
	c.pods = slices.DeleteFunc(c.pods, func(pod *pod) bool { return pod == gone })
	c.mu.Unlock()
	gone.stop()
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
