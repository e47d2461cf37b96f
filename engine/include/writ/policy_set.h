// A compiled policy set, ready to decide.
//
//   auto policies = PolicySet::Load(std::move(bundle_bytes), {});
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "rules/base/limits.h"
#include "rules/base/result.h"
#include "rules/ir/program.h"

namespace writ {

struct LoadedProgram;
struct Bundle;  // rules/bundle/bundle.h

// A compiled policy set ready to decide, with its data. Immutable, shared between threads.
class PolicySet {
 public:
  struct Data {
    std::string name;  // of the import
    std::string json;
    std::string file;  // where it was read, for messages; "" = not from a file
  };
  // Loads and verifies a bundle. Errors: those of LoadBundle; kInvalidArgument for data that is not
  // JSON (says where) or not imported by any policy. Data that is given replaces what was compiled
  // in; what is neither is absent: using it is an error, which denies.
  // The policies live in `bundle_bytes`, which are taken over: pass them by std::move, or a copy is
  // made.
  static Result<std::shared_ptr<const PolicySet>> Load(std::string bundle_bytes, std::span<const Data> data,
                                                       const BundleLimits& limits = {});
  // The same for a bundle that has been loaded, whose errors are not to be expected any more.
  static Result<std::shared_ptr<const PolicySet>> Load(Bundle bundle, std::span<const Data> data);
  // Returns the same policies with other data: `data` and, of what it does not name, what was
  // compiled in. Errors: as Load says of data. Costs reading the data; the program is shared, which
  // lives as long as one of its sets.
  Result<std::shared_ptr<const PolicySet>> WithData(std::span<const Data> data) const;
  ~PolicySet();

  const Program& program() const;
  std::string_view digest() const;  // "sha256:…"

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit PolicySet(std::unique_ptr<Impl> impl);
  static Result<std::shared_ptr<const PolicySet>> Join(std::shared_ptr<const LoadedProgram> loaded, std::span<const Data> data);
  std::unique_ptr<Impl> impl_;
};

}  // namespace writ
