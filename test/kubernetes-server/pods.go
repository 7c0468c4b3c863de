package main

import (
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	testImage = "poseidon.test/local-shell:1"
	testNode  = "node-1"
)

// pod is one pod; containers are in the order of the spec, of all kinds.
type pod struct {
	namespace, name string
	uid             string
	created         time.Time
	phase           corev1.PodPhase
	containers      []*container
}

func initialPods(now time.Time, numbered logSource, logHistory int) []*pod {
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
	logStart := now.Add(-time.Duration(float64(logHistory) / numbered.rate * float64(time.Second)))
	return []*pod{
		newPod("default", "shell", corev1.PodRunning, before, running(before, shell("main"))),
		newPod("default", "multi", corev1.PodRunning, before,
			exited(before, &container{name: "setup", kind: initContainer, log: fixedLog("setup 1\n", "setup 2\n", "setup done\n")}),
			running(before, &container{name: "app", command: []string{"cat"}, stdin: true, log: fixedLog("app is up\n")}),
			running(before, &container{name: "sidecar", command: []string{"sh"}, stdin: true, tty: true, log: fixedLog("sidecar is up\n")}),
			running(before, &container{name: "debugger", kind: ephemeralContainer, command: []string{"sh"}, stdin: true, tty: true, log: fixedLog("debugger is up\n")})),
		newPod("default", "logger", corev1.PodRunning, logStart, running(logStart, &container{name: "main", log: numbered})),
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
