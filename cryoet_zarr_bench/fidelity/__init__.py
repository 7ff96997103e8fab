"""How far a volume is from the one it should be: MSE, PSNR, SSIM, Fourier shells, damage."""
