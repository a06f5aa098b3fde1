#pragma once

namespace bart {

enum class OptimizerKind {
  adam,  // torch.optim.Adam, and with a weight decay torch.optim.AdamW
  sgd,   // torch.optim.SGD(nesterov=True)
};

/// How gradients change the parameters. Beta 1 of Adam and the momentum of SGD are 0.9.
struct Optimizer {
  OptimizerKind kind = OptimizerKind::adam;
  double beta2 = 0.999;  // of Adam
  double weight_decay =
      0;  // of the weights of convolutions and linear layers; biases and BatchNorm have none

  bool operator==(const Optimizer&) const = default;
};

}  // namespace bart
