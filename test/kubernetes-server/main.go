package main

import (
	_ "github.com/creack/pty"
	_ "github.com/go-logr/logr"
	_ "k8s.io/api/authentication/v1"
	_ "k8s.io/api/authorization/v1"
	_ "k8s.io/api/core/v1"
	_ "k8s.io/apimachinery/pkg/runtime/serializer"
	_ "k8s.io/apiserver/pkg/authentication/request/bearertoken"
	_ "k8s.io/apiserver/pkg/authentication/request/union"
	_ "k8s.io/apiserver/pkg/authentication/request/websocket"
	_ "k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	_ "k8s.io/apiserver/pkg/registry/generic/rest"
	_ "k8s.io/apiserver/pkg/util/proxy"
	_ "k8s.io/cri-streaming/pkg/streaming/remotecommand"
	_ "k8s.io/klog/v2"
	_ "k8s.io/streaming/pkg/httpstream/wsstream"
	_ "k8s.io/utils/exec"
	_ "golang.org/x/term"
)

func main() {}
