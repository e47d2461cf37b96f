// Pull secrets that are mounted in a folder: FOLDER/NAMESPACE/NAME/.dockerconfigjson, as a volume of a `kubernetes.io/dockerconfigjson`
// secret lays them down.
#pragma once

#include <string>

#include "webhook/decide/pull_secrets.h"
#include "webhook/image/registry/docker_config.h"

namespace writ::server {

// Reads the secrets, each time anew: a secret that has changed counts from the next request on. One that is missing, too large or no docker
// config is left out and named in the note; nothing of its content is. At most 1 MiB each.
// The identity hangs on namespace, names and contents, so that neither another namespace nor a changed secret meets an old answer.
image::PullCredentials ReadPullSecretFolder(const std::string& folder, const PullSecretNames& secrets);

}  // namespace writ::server
