package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/request/union"
	"k8s.io/apiserver/pkg/authentication/request/websocket"
	certificates "k8s.io/apiserver/pkg/authentication/request/x509"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/filters/impersonation"
	apirequest "k8s.io/apiserver/pkg/endpoints/request"
)

const (
	adminUser    = "poseidon-admin"
	readonlyUser = "poseidon-readonly"
	getOnlyUser  = "poseidon-get-only"
	shellGroup   = "poseidon-shells" // of no token: only by impersonation
)

// tokens knows three users: admin may do everything; readonly may look at pods and logs; get-only may also "get"
// pods/exec and pods/attach, which is not enough for a WebSocket since Kubernetes 1.35.
type tokens struct {
	adminFile         string // read at every request: a test revokes the token by writing another one
	readonly, getOnly string
	request           authenticator.Request
}

func newTokens(dir, adminFile string, clientCAs *x509.CertPool) (*tokens, error) {
	t := &tokens{adminFile: adminFile}
	var err error
	if t.adminFile == "" {
		t.adminFile = filepath.Join(dir, "token")
		if _, err = newTokenFile(t.adminFile); err != nil {
			return nil, err
		}
	} else if _, err = os.ReadFile(t.adminFile); err != nil {
		return nil, err
	}
	if t.readonly, err = newTokenFile(filepath.Join(dir, "readonly-token")); err != nil {
		return nil, err
	}
	if t.getOnly, err = newTokenFile(filepath.Join(dir, "get-only-token")); err != nil {
		return nil, err
	}
	verify := certificates.DefaultVerifyOptions()
	verify.Roots = clientCAs
	byCertificate := certificates.New(verify, certificates.CommonNameUserConversion)
	t.request = union.NewFailOnError(byCertificate, bearertoken.New(t), websocket.NewProtocolAuthenticator(t))
	return t, nil
}

// newTokenFile writes a token in Rancher's shape, name:secret, which a Kubernetes API server takes as well.
func newTokenFile(file string) (string, error) {
	token := "token-" + randomHex(4) + ":" + randomHex(24)
	return token, os.WriteFile(file, []byte(token+"\n"), 0o600)
}

func randomHex(bytes int) string {
	random := make([]byte, bytes)
	_, _ = rand.Read(random) // never fails
	return hex.EncodeToString(random)
}

func (t *tokens) admin() string {
	text, err := os.ReadFile(t.adminFile)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// AuthenticateToken implements authenticator.Token.
func (t *tokens) AuthenticateToken(_ context.Context, token string) (*authenticator.Response, bool, error) {
	var name string
	switch token {
	case "":
		return nil, false, nil
	case t.admin():
		name = adminUser
	case t.readonly:
		name = readonlyUser
	case t.getOnly:
		name = getOnlyUser
	default:
		return nil, false, nil
	}
	return &authenticator.Response{User: &user.DefaultInfo{Name: name, UID: name, Groups: []string{user.AllAuthenticated}}}, true, nil
}

func (t *tokens) authenticate(req *http.Request) (user.Info, bool) {
	response, ok, err := t.request.AuthenticateRequest(req)
	if err != nil || !ok {
		return nil, false
	}
	return response.User, true
}

func attributesOf(info *apirequest.RequestInfo, who user.Info) authorizer.AttributesRecord {
	return authorizer.AttributesRecord{
		User: who, Verb: info.Verb, Namespace: info.Namespace, APIGroup: info.APIGroup, APIVersion: info.APIVersion,
		Resource: info.Resource, Subresource: info.Subresource, Name: info.Name, ResourceRequest: info.IsResourceRequest, Path: info.Path,
	}
}

// impersonated is Kubernetes' own filter: it checks Impersonate-User, -Group and -Extra against allowed, and takes them off.
func impersonated(who user.Info, next func(user.Info, *http.Request)) http.Handler {
	inner := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		acting, _ := apirequest.UserFrom(req.Context())
		next(acting, req)
	})
	authorize := authorizer.AuthorizerFunc(func(_ context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
		if allowed(a) {
			return authorizer.DecisionAllow, "", nil
		}
		return authorizer.DecisionDeny, "", nil
	})
	filter := impersonation.WithImpersonation(inner, authorize, codecs)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		filter.ServeHTTP(w, req.WithContext(apirequest.WithUser(req.Context(), who)))
	})
}

// allowed is the whole RBAC of this server.
func allowed(a authorizer.Attributes) bool {
	look := a.GetVerb() == "get" || a.GetVerb() == "list" || a.GetVerb() == "watch"
	switch {
	case a.GetUser().GetName() == adminUser:
		return true
	case !a.IsResourceRequest():
		return look
	case a.GetResource() == "selfsubjectreviews", a.GetResource() == "selfsubjectaccessreviews":
		return a.GetVerb() == "create"
	case a.GetResource() == "namespaces":
		return look
	case a.GetResource() != "pods":
		return false
	case a.GetSubresource() == "exec", a.GetSubresource() == "attach":
		return slices.Contains(a.GetUser().GetGroups(), shellGroup) || a.GetVerb() == "get" && a.GetUser().GetName() == getOnlyUser
	default:
		return look
	}
}
