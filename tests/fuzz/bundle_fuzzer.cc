// Bundle reader and verifier. Each input is tried twice: as a bundle, and as the body behind a header whose length and digest
// fit, because no fuzzer guesses a SHA-256. What loads must be written the same way ever after, and must be dumped and indexed
// without trouble. Inputs are capped at 64 KB: nothing in the format gets harder with size.
#include <openssl/sha.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/check.h"
#include "rules/bundle/bundle.h"
#include "rules/index/index.h"

namespace {

constexpr std::size_t kMaxInputBytes = 64 * 1024;
constexpr std::size_t kEnvelopeOffset = 12, kLengthOffset = 16, kDigestOffset = 24, kHeaderBytes = 64;

std::string WithHeader(std::string_view body) {
  std::string bundle = writ::WriteBundle(writ::Program{}).substr(0, kHeaderBytes) + std::string(8, '\0');  // two empty texts
  bundle[kEnvelopeOffset] = 8;
  for (std::size_t i = 0; i < 8; ++i) bundle[kLengthOffset + i] = static_cast<char>(body.size() >> (8 * i) & 0xFFU);
  bundle += body;
  SHA256(reinterpret_cast<const unsigned char*>(body.data()), body.size(), reinterpret_cast<unsigned char*>(bundle.data()) + kDigestOffset);
  return bundle;
}

void Try(std::string bytes) {
  const writ::Result<writ::Bundle> bundle = writ::LoadBundle(std::move(bytes));
  if (!bundle) {
    WRIT_CHECK(!bundle.error().message.empty());
    return;
  }
  const writ::Program& program = bundle->program.program();
  const std::string written = writ::WriteBundle(program);
  const writ::Result<writ::Bundle> again = writ::LoadBundle(written);
  WRIT_CHECK(again.ok());
  WRIT_CHECK(writ::WriteBundle(again->program.program()) == written);
  WRIT_CHECK(writ::DumpProgram(again->program) == writ::DumpProgram(bundle->program));
  const writ::RuleIndex index(bundle->program);
  std::vector<writ::RuleId> candidates, applying;
  for (const writ::Rule& rule : program.rules) {
    const writ::Target target = program.policy(rule).target;
    const writ::Selector& selector = program[program.details(rule).selectors][0];
    const writ::SelectorKey key{program[selector.scope], program[selector.name]};
    index.FindCandidates(target, key, {}, candidates);
    index.FindApplying(target, key, applying);
    WRIT_CHECK(candidates == applying);  // without slot values no discriminator excludes anything
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kMaxInputBytes) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Try(std::string(input));
  Try(WithHeader(input));
  return 0;
}
