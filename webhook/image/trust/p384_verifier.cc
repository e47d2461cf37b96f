#include "webhook/image/trust/p384_verifier.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <algorithm>
#include <array>
#include <vector>

#include "rules/base/check.h"

namespace writ::image {
namespace {

constexpr std::size_t kScalarBytes = 48;
constexpr std::size_t kWindowBits = 6;
constexpr std::size_t kWindows = kScalarBytes * 8 / kWindowBits;
constexpr std::size_t kDigits = (std::size_t{1} << kWindowBits) - 1;  // 1 … 63

struct Free {
  void operator()(EC_GROUP* group) const { EC_GROUP_free(group); }
  void operator()(EC_POINT* point) const { EC_POINT_free(point); }
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
template <typename T>
using Handle = std::unique_ptr<T, Free>;

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

const EC_GROUP* Curve() {
  static EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_secp384r1);  // for the whole program
  WRIT_CHECK(group != nullptr);
  return group;
}

// d * 64^w * P for each window w and digit d.
class PointTable {
 public:
  // False when memory is short; the table is then of no use.
  bool Fill(const EC_POINT* point, BN_CTX* context) {
    multiples_.reserve(kWindows * kDigits);
    Handle<EC_POINT> base(EC_POINT_dup(point, Curve()));
    for (std::size_t window = 0; window < kWindows; ++window) {
      for (std::size_t digit = 1; digit <= kDigits; ++digit) {
        Handle<EC_POINT> next(EC_POINT_new(Curve()));
        if (base == nullptr || next == nullptr) return false;
        const int done = digit == 1 ? EC_POINT_copy(next.get(), base.get())
                                    : EC_POINT_add(Curve(), next.get(), multiples_.back().get(), base.get(), context);
        if (done != 1) return false;
        multiples_.push_back(std::move(next));
      }
      if (EC_POINT_add(Curve(), base.get(), multiples_.back().get(), base.get(), context) != 1) return false;
    }
    return true;
  }

  // Adds scalar * P to `sum`. Requires: 0 <= scalar < 2^384.
  bool AddMultiple(const BIGNUM* scalar, EC_POINT* sum, BN_CTX* context) const {
    for (std::size_t window = 0; window < kWindows; ++window) {
      std::size_t digit = 0;
      for (std::size_t bit = 0; bit < kWindowBits; ++bit) {
        if (BN_is_bit_set(scalar, static_cast<int>(window * kWindowBits + bit)) == 1) digit |= std::size_t{1} << bit;
      }
      if (digit == 0) continue;
      if (EC_POINT_add(Curve(), sum, sum, multiples_[window * kDigits + digit - 1].get(), context) != 1) return false;
    }
    return true;
  }

 private:
  std::vector<Handle<EC_POINT>> multiples_;
};

// nullptr when memory is short.
const PointTable* Generator() {
  static const PointTable* const table = []() -> const PointTable* {
    auto made = std::make_unique<PointTable>();
    const Handle<BN_CTX> context(BN_CTX_new());
    return context != nullptr && made->Fill(EC_GROUP_get0_generator(Curve()), context.get()) ? made.release() : nullptr;
  }();
  return table;
}

bool IsInRange(const BIGNUM* scalar) {
  return BN_is_negative(scalar) == 0 && BN_is_zero(scalar) == 0 && BN_cmp(scalar, EC_GROUP_get0_order(Curve())) < 0;
}

}  // namespace

struct P384Verifier::Tables {
  PointTable key;

  // u1 * G + u2 * Q has the x-coordinate r, modulo the order n, where u1 = e / s and u2 = r / s.
  bool Holds(const BIGNUM* e, const BIGNUM* r, const BIGNUM* s, BN_CTX* context) const {
    const BIGNUM* const n = EC_GROUP_get0_order(Curve());
    const Handle<BIGNUM> inverse(BN_mod_inverse(nullptr, s, n, context));
    const Handle<BIGNUM> u1(BN_new()), u2(BN_new()), x(BN_new()), v(BN_new());
    const Handle<EC_POINT> sum(EC_POINT_new(Curve()));
    const PointTable* const generator = Generator();
    if (generator == nullptr || inverse == nullptr || u1 == nullptr || u2 == nullptr || x == nullptr || v == nullptr || sum == nullptr)
      return false;
    return BN_mod_mul(u1.get(), e, inverse.get(), n, context) == 1 && BN_mod_mul(u2.get(), r, inverse.get(), n, context) == 1 &&
           EC_POINT_set_to_infinity(Curve(), sum.get()) == 1 && generator->AddMultiple(u1.get(), sum.get(), context) &&
           key.AddMultiple(u2.get(), sum.get(), context) && EC_POINT_is_at_infinity(Curve(), sum.get()) == 0 &&
           EC_POINT_get_affine_coordinates(Curve(), sum.get(), x.get(), nullptr, context) == 1 &&
           BN_nnmod(v.get(), x.get(), n, context) == 1 && BN_cmp(v.get(), r) == 0;
  }
};

P384Verifier::P384Verifier(std::unique_ptr<const Tables> tables) : tables_(std::move(tables)) {}
P384Verifier::~P384Verifier() = default;

std::unique_ptr<const P384Verifier> P384Verifier::Make(std::string_view point) {
  const Handle<BN_CTX> context(BN_CTX_new());
  const Handle<EC_POINT> key(EC_POINT_new(Curve()));
  auto tables = std::make_unique<Tables>();
  const bool made = context != nullptr && key != nullptr && Generator() != nullptr &&
                    EC_POINT_oct2point(Curve(), key.get(), Bytes(point), point.size(), context.get()) == 1 &&
                    EC_POINT_is_at_infinity(Curve(), key.get()) == 0 && tables->key.Fill(key.get(), context.get());
  ERR_clear_error();
  return made ? std::unique_ptr<const P384Verifier>(new P384Verifier(std::move(tables))) : nullptr;
}

bool P384Verifier::Verify(std::string_view digest, std::string_view signature) const {
  const unsigned char* at = Bytes(signature);
  const Handle<ECDSA_SIG> parsed(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(signature.size())));
  const Handle<BN_CTX> context(BN_CTX_new());
  const std::string_view leading = digest.substr(0, std::min(digest.size(), kScalarBytes));
  const Handle<BIGNUM> e(BN_bin2bn(Bytes(leading), static_cast<int>(leading.size()), nullptr));
  bool good = parsed != nullptr && at == Bytes(signature) + signature.size() && context != nullptr && e != nullptr;
  if (good) {
    const BIGNUM *r = ECDSA_SIG_get0_r(parsed.get()), *s = ECDSA_SIG_get0_s(parsed.get());
    good = IsInRange(r) && IsInRange(s) && tables_->Holds(e.get(), r, s, context.get());
  }
  ERR_clear_error();
  return good;
}

}  // namespace writ::image
