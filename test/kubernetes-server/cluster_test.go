package main

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/errors"
)

func TestChooseContainerSpeaksAsTheAPIServer(t *testing.T) {
	cluster := newCluster(numberedLog(20), 0)
	for _, want := range []struct{ pod, container, chosen, message string }{
		{"shell", "", "main", ""},
		{"multi", "debugger", "debugger", ""},
		{"multi", "", "", "a container name must be specified for pod multi, choose one of: [app sidecar] or one of the init containers: [setup]"},
		{"multi", "none", "", "container none is not valid for pod multi"},
		{"none", "", "", `pods "none" not found`},
	} {
		_, chosen, err := cluster.chooseContainer("default", want.pod, want.container)
		message := ""
		if status, ok := err.(errors.APIStatus); ok {
			message = status.Status().Message
		}
		if chosen != want.chosen || message != want.message {
			t.Errorf("%s/%s: %q, %q", want.pod, want.container, chosen, message)
		}
	}
}
