// SCT lists in a leaf: bytes as the list, and edits of the good list. A list is good only while it holds the good SCT whole, and no log is
// counted twice. Inputs are capped at 4 KB: an SCT has 120 bytes, and at most 16 are read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/base/check.h"
#include "tests/fuzz/edit_script.h"
#include "tests/support/test_sigstore.h"
#include "webhook/image/trust/sct.h"

namespace {

using writ::image::Certificate;
using writ::image::CertificatePtr;

struct World {
  writ::test::TestSigstore sigstore;
  std::string der = sigstore.Leaf({}, sigstore.leaf_key());
  CertificatePtr leaf = Certificate::Parse(der).value();
  CertificatePtr issuer = sigstore.root()->certificate_authorities.front().chain.front();
  std::string list{*leaf->sct_list};
  std::string good_sct = list.substr(4);  // behind the two lengths
};

void Try(const std::string& list, const World& world) {
  // The precertificate has no SCTs, so another list in the same certificate leaves the signed bytes as they are.
  const auto leaf = std::const_pointer_cast<Certificate>(Certificate::Parse(world.der).value());
  leaf->sct_list = list;
  const auto logs = VerifyScts(*leaf, *world.issuer, world.sigstore.root()->ct_logs);
  if (!logs) {
    WRIT_CHECK(!logs.error().message.empty());
    return;
  }
  WRIT_CHECK(logs->size() == 1);
  WRIT_CHECK(list.find(world.good_sct) != std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > std::size_t{4} * 1024) return 0;
  static const World world;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Try(std::string(input), world);
  Try(writ::test::ApplyEdits(world.list, input), world);
  return 0;
}
