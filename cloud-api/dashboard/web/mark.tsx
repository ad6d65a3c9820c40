/** The product's mark: a post and its arm. */
export function Mark({ size }: { readonly size: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#1d4ed8" />
      <rect x="6" y="9" width="5" height="17" rx="1.5" fill="#fff" />
      <g transform="rotate(-18 8.5 12.5)">
        <rect x="7" y="10.5" width="21" height="4" rx="2" fill="#fff" />
        <path d="M14 10.5h4l-2 4h-4zM22 10.5h4l-2 4h-4z" fill="#ef4444" />
      </g>
    </svg>
  );
}
